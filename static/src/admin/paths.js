// Paths as the server keeps them.

const LONGEST = 500;

/** Never one that leaves its folder, and always a name. @param {string} path */
export function clean(path) {
  const visible = path.replace(/(?! )[\p{C}\p{Z}]/gu, "");
  const parts = visible.split(/[/\\]+/).map((part) => part.trim());
  const kept = parts.filter((part) => part !== "" && part !== "." && part !== "..");
  return [...kept.join("/")].slice(-LONGEST).join("") || "unnamed";
}
