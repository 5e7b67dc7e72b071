/**
 * Ends the process when its output can go nowhere: quietly when the reader has left (`vlmkit … | head`), with one line
 * when the device refuses (a full disk). Without this, Node throws the error with a stack trace.
 *
 * What is under way is stopped as Ctrl+C stops it, and the process ends by itself: leaving in the midst of a run would crash.
 */
export function guardOutput(): void {
  let code: number | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (code !== undefined) return;
    code = error.code === 'EPIPE' ? 0 : 1;
    if (code !== 0) {
      process.stderr.write(`error: The output cannot be written. Found ${error.message}. Check where stdout goes.\n`);
    }
    process.emit('SIGINT', 'SIGINT');
  });
  process.on('exit', () => {
    if (code !== undefined) process.exitCode = code;
  });
  // Whoever closed stderr does not want to be told.
  process.stderr.on('error', () => undefined);
}
