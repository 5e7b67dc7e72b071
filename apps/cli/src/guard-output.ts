/**
 * Ends the process when its output can go nowhere: quietly when the reader has left (`vlmkit … | head`), with one line
 * when the device refuses (a full disk). Without this, Node throws the error with a stack trace.
 */
export function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`error: The output cannot be written. Found ${error.message}. Check where stdout goes.\n`);
    process.exit(1);
  });
  // Whoever closed stderr does not want to be told.
  process.stderr.on('error', () => undefined);
}
