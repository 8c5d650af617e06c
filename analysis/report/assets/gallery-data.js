// What the gallery knows of its items: numbers unpacked, images cut from sheets.
const unpack = (packed) => {
  const [kind, text] = Object.entries(packed)[0];
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const views = { u1: Uint8Array, u2: Uint16Array, i2: Int16Array, u4: Uint32Array, f4: Float32Array };
  return new views[kind](bytes.buffer);
};
const NOTHING = 65535;
const peers = data.peers.length, measures = data.measures.length;
const columns = {};
for (const name of ["target", "label", "predicted", "voting", "moves", "frames", "steps", "for_label", "for_predicted", "answers", "described"]) {
  columns[name] = unpack(data[name]);
}
const facets = data.facets.map((facet) => ({ ...facet, index: unpack(facet.index) }));
const total = data.names.length;
const numbered = new Map(data.names.map((name, item) => [name, item]));

const firstFrame = new Uint32Array(total + 1);
for (let item = 0; item < total; item++) firstFrame[item + 1] = firstFrame[item] + columns.frames[item];

const sheetOf = new Uint16Array(total), firstItem = [];
data.sheets.counts.forEach((count, sheet) => {
  const first = firstItem.length ? firstItem.at(-1) + data.sheets.counts[sheet - 1] : 0;
  firstItem.push(first);
  sheetOf.fill(sheet, first, first + count);
});
const pictures = [];
const picture = (sheet) => pictures[sheet] ??= new Promise((resolve, reject) => {
  const image = new Image();
  image.onload = () => resolve(image);
  image.onerror = () => reject(new Error(`sheet ${sheet} of images cannot be read`));
  image.src = data.sheets.files[sheet];
});
const paint = async (canvas, item, frame) => {  // a canvas that has meanwhile moved on is left alone
  const wanted = canvas.dataset.shows = `${item}.${frame}`;
  const { width, height } = data.sheets;
  const sheet = sheetOf[item];
  const image = await picture(sheet);
  if (canvas.dataset.shows !== wanted) return;
  const place = firstFrame[item] - firstFrame[firstItem[sheet]] + frame;
  const x = (place % data.sheets.columns) * width, y = Math.floor(place / data.sheets.columns) * height;
  canvas.getContext("2d").drawImage(image, x, y, width, height, 0, 0, width, height);
};
const lastFrame = (item) => columns.frames[item] - 1;

const share = (value) => value === NOTHING ? null : value / 1000;
const votes = (item, frame) => {
  const from = (firstFrame[item] + frame) * peers;
  return data.peers.map((name, peer) => ({
    name,
    role: columns.voting[item * peers + peer],
    label: share(columns.for_label[from + peer]),
    predicted: share(columns.for_predicted[from + peer]),
    answer: columns.answers[from + peer],
  }));
};
const described = (item, frame) => {
  const from = (firstFrame[item] + frame) * measures;
  return data.measures.map((name, measure) => [name, columns.described[from + measure]]);
};
const className = (index) => index < 0 ? "no answer" : data.classes[index];
