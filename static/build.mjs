// Bundles the pages' scripts and styles into static/dist/ under hashed names, and writes
// manifest.json: logical name -> file name. `--watch` builds again on each change.

import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(root, "dist");
const fonts = path.join(root, "..", "node_modules", "@fontsource-variable");

/** Logical name -> source file. Pages that are not there yet are left out. */
const candidates = {
  site: "src/site.js",
  map: "src/map/main.js",
  gallery: "src/gallery/main.js",
  admin: "src/admin/main.js",
  "site-style": "css/site.css",
  "map-style": "css/map.css",
  "gallery-style": "css/gallery.css",
  "card-style": "css/card.css",
  "admin-style": "css/admin.css",
  icon: "icons/icon.svg",
};

/** Fonts that the page preloads; the stylesheet names the same files, so the hashes agree. */
const preloaded = {
  "font-text.woff2": path.join(
    fonts,
    "hanken-grotesk/files/hanken-grotesk-latin-wght-normal.woff2",
  ),
  "font-heading.woff2": path.join(fonts, "newsreader/files/newsreader-latin-wght-normal.woff2"),
};

/** Logical name -> file of a package that others need as it is: exported maps, and /docs. */
const copied = {
  leaflet: "leaflet/dist/leaflet.js",
  "leaflet-style": "leaflet/dist/leaflet.css",
  "swagger-ui": "swagger-ui-dist/swagger-ui-bundle.js",
  "swagger-ui-style": "swagger-ui-dist/swagger-ui.css",
};

/** @type {import("esbuild").BuildOptions} */
const options = {
  entryPoints: Object.fromEntries(
    Object.entries(candidates)
      .map(([name, file]) => [name, path.join(root, file)])
      .filter(([, file]) => existsSync(/** @type {string} */ (file))),
  ),
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  minify: true,
  sourcemap: "linked",
  metafile: true,
  publicPath: "/assets",
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file", ".png": "file", ".svg": "copy" },
  legalComments: "linked",
  logLevel: "warning",
};

/** Copies what is not bundled, under hashed names: logical name -> file name. */
async function copyPackages() {
  const modules = path.join(root, "..", "node_modules");
  const { metafile } = await esbuild.build({
    entryPoints: Object.fromEntries(
      Object.entries(copied).map(([name, file]) => [name, path.join(modules, file)]),
    ),
    outdir: dist,
    bundle: true,
    entryNames: "[name]-[hash]",
    loader: { ".js": "copy", ".css": "copy" },
    metafile: true,
  });
  /** @type {Record<string, string>} */
  const files = {};
  for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
    const source = path.resolve(Object.keys(inputs)[0] ?? "");
    const name = Object.entries(copied).find(
      ([, file]) => path.join(modules, file) === source,
    )?.[0];
    const file = path.basename(output);
    if (name) files[`${name.replace(/-style$/, "")}${path.extname(file)}`] = file;
  }
  return files;
}

/** @param {import("esbuild").Metafile} metafile */
async function writeManifest(metafile) {
  const packages = await copyPackages();
  const manifest = { ...packages };
  for (const [output, { entryPoint, inputs }] of Object.entries(metafile.outputs)) {
    const file = path.basename(output);
    if (file.endsWith(".map") || file.endsWith(".LEGAL.txt")) continue;
    const sources = [entryPoint, ...Object.keys(inputs)]
      .filter(Boolean)
      .map((s) => path.resolve(/** @type {string} */ (s)));
    for (const [name, source] of Object.entries(preloaded)) {
      if (sources.length === 1 && sources[0] === source) manifest[name] = file;
    }
    if (!entryPoint) continue;
    const name = Object.keys(candidates).find(
      (key) =>
        path.resolve(entryPoint) ===
        path.join(root, candidates[/** @type {keyof typeof candidates} */ (key)]),
    );
    if (name) manifest[`${name.replace(/-style$/, "")}${path.extname(file)}`] = file;
  }
  for (const name of Object.keys(preloaded)) {
    if (!manifest[name]) throw new Error(`The build wrote no ${name}; does css/site.css name it?`);
  }
  const sorted = Object.fromEntries(Object.entries(manifest).sort());
  const written = path.join(dist, "manifest.json.part");
  await writeFile(written, `${JSON.stringify(sorted, null, 2)}\n`);
  await rename(written, path.join(dist, "manifest.json"));
  const bundles = Object.keys(metafile.outputs).map((output) => path.basename(output));
  await removeOthers([...bundles, ...Object.values(packages)]);
}

/** Only now, so that a running server has a whole front end at any moment. @param {string[]} current */
async function removeOthers(current) {
  const kept = new Set([...current, "manifest.json"]);
  const stale = (await readdir(dist)).filter((name) => !kept.has(name));
  await Promise.all(stale.map((name) => rm(path.join(dist, name), { force: true })));
}

/** @type {import("esbuild").Plugin} */
const manifest = {
  name: "manifest",
  setup(build) {
    build.onEnd(async ({ metafile }) => {
      if (metafile) await writeManifest(metafile);
    });
  },
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context({ ...options, plugins: [manifest] });
  await context.watch();
} else {
  await esbuild.build({ ...options, plugins: [manifest] });
  const written = JSON.parse(await readFile(path.join(dist, "manifest.json"), "utf8"));
  console.log(`static/dist: ${Object.keys(written).length} files in the manifest`);
}
