import pc from 'picocolors';

/** Colours for one stream: none where it is no terminal, or where NO_COLOR says so. */
function colorsFor({ isTTY = false }: Pick<NodeJS.WriteStream, 'isTTY'>): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  return pc.createColors(!NO_COLOR && (Boolean(FORCE_COLOR) || (isTTY && TERM !== 'dumb')));
}

/** Functions that colour text. */
export type Colors = ReturnType<typeof pc.createColors>;

/** What colours answers and other output. */
export const outColors = colorsFor(process.stdout);

/** What colours messages, progress and figures. */
export const errColors = colorsFor(process.stderr);
