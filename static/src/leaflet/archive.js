// A base map out of one PMTiles file that the server holds: pictures, or vector tiles drawn here.
// Loaded by those pages only that have such a file.

import L from "leaflet";
import { PMTiles, TileType } from "pmtiles";
import { leafletLayer } from "protomaps-leaflet";

/** @type {Partial<Record<TileType, string>>} */
const PICTURES = {
  [TileType.Png]: "image/png",
  [TileType.Jpeg]: "image/jpeg",
  [TileType.Webp]: "image/webp",
  [TileType.Avif]: "image/avif",
};

/** One a file, so that a second map of a page finds the directories that the first has read. @type {Map<string, PMTiles>} */
const archives = new Map();

/** Pictures of an archive; a place without one stays empty. */
class PictureLayer extends L.GridLayer {
  /** @param {PMTiles} archive @param {string} type media type @param {L.GridLayerOptions} options */
  constructor(archive, type, options) {
    super(options);
    this.archive = archive;
    this.type = type;
    this.on("tileunload", ({ tile }) => URL.revokeObjectURL(tile.src));
  }

  /** @override @param {L.Coords} at @param {L.DoneCallback} done */
  createTile(at, done) {
    const picture = document.createElement("img");
    picture.alt = "";
    this.fill(picture, at).then(
      () => done(undefined, picture),
      (error) => done(error, picture),
    );
    return picture;
  }

  /** @param {HTMLImageElement} picture @param {L.Coords} at */
  async fill(picture, { z, x, y }) {
    const found = await this.archive.getZxy(z, x, y);
    if (!found) return;
    picture.src = URL.createObjectURL(new Blob([found.data], { type: this.type }));
    await picture.decode();
  }
}

/**
 * Rejects where the file cannot be read.
 * @param {string} url @param {string} attribution of the file's own where it is empty
 * @param {L.GridLayerOptions} options
 * @returns {Promise<L.GridLayer>}
 */
export async function archiveLayer(url, attribution, options) {
  const archive = archives.get(url) ?? new PMTiles(new URL(url, location.href).href);
  archives.set(url, archive);
  const [header, metadata] = await Promise.all([archive.getHeader(), archive.getMetadata()]);
  const said = attribution || /** @type {{ attribution?: string }} */ (metadata).attribution || "";
  const type = PICTURES[header.tileType];
  if (type) {
    return new PictureLayer(archive, type, {
      ...options,
      attribution: said,
      minZoom: header.minZoom,
      maxNativeZoom: header.maxZoom,
    });
  }
  const drawn = leafletLayer({
    ...options,
    url: archive,
    attribution: said,
    flavor: "grayscale",
    lang: document.documentElement.lang,
    maxDataZoom: header.maxZoom,
  });
  // Its types know no Leaflet.
  return /** @type {any} */ (drawn);
}
