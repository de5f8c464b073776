/**
 * The places of the model's token positions on a picture: the service scales it to cover the model's size and crops it evenly.
 * @typedef {{ columns: number, rows: number, cell: number, left: number, top: number }} TokenGrid cell, left and top in pixels of the picture
 *
 * @param {object | null} model as `/v1/models` describes it
 * @param {{ width: number, height: number }} picture
 * @returns {TokenGrid | null} null if the model is not known
 */
export function tokenGrid(model, picture) {
  if (!model) {
    return null;
  }

  const [width, height] = model.size.split("x").map(Number);
  const scale = Math.max(width / picture.width, height / picture.height);
  const columns = Math.round(Math.sqrt((model.tokens_per_image * width) / height));
  return {
    columns,
    rows: Math.round(model.tokens_per_image / columns),
    cell: width / columns / scale,
    left: (picture.width - width / scale) / 2,
    top: (picture.height - height / scale) / 2,
  };
}
