// The patches that every side of the benchmark is fed: value i is ((i * 2654435761) mod 2^32) / 2^30 - 2.
export function patchesOf([t, h, w]) {
  const data = new Float32Array(t * h * w * 1176);
  for (let i = 0; i < data.length; i++) data[i] = (((i % 2 ** 20) * 2654435761) % 2 ** 32) / 2 ** 30 - 2;
  return { dtype: 'float32', dims: [t * h * w, 1176], data };
}
