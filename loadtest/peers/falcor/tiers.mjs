// The contest's tiers, asked over HTTP with connections that stay open.
import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 128 });

function ask(tier, path, body) {
  return new Promise((resolve, reject) => {
    const content = body && JSON.stringify(body);
    const request = http.request(process.env[tier] + path, {
      agent,
      method: content ? "POST" : "GET",
      headers: content ? { "content-type": "application/json", "content-length": Buffer.byteLength(content) } : {},
      timeout: 10_000,
    });
    request.on("timeout", () => request.destroy(new Error(`${tier}${path}: no answer in time`)));
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode !== 200) return reject(new Error(`${tier}${path}: status ${response.statusCode}`));
        try {
          resolve(JSON.parse(Buffer.concat(chunks)));
        } catch (e) {
          reject(e);
        }
      });
    });
    request.end(content);
  });
}

// once keeps what a call gave: several routes of one request need the same answer.
const once = (f) => {
  const kept = new Map();
  return (key) => {
    if (!kept.has(key)) kept.set(key, f(key));
    return kept.get(key);
  };
};

const byID = (list) => new Map(list.map((row) => [row.id, row]));

/** The tiers as one request sees them: a profile and its rows are asked for once, titles in batches. */
export const tiers = () => ({
  profile: once((id) => ask("PROFILES_URL", `/profiles/${encodeURIComponent(id)}`)),
  rows: once((id) => ask("ROWS_URL", `/profiles/${encodeURIComponent(id)}/rows`).then((answer) => answer.rows)),
  titles: (ids) => ask("CATALOG_URL", "/titles:batchGet", { ids }).then((answer) => byID(answer.titles)),
  artwork: (ids) => ask("ARTWORK_URL", "/artwork:batchGet", { ids }).then((answer) => byID(answer.artwork)),
  bookmarks: (ids) => ask("BOOKMARKS_URL", "/bookmarks:batchGet", { ids }).then((answer) => byID(answer.bookmarks)),
});
