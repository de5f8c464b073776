import { button, openDialog, tell } from "./dialog.js";
import { element } from "./element.js";
import { fileNameOf, requestFor, toJson } from "./request.js";

const KEY = "YOUR_KEY"; // never the real one: snippets are pasted elsewhere

/** The languages, each with a function from a request to its text. */
export const languages = { curl, JavaScript: javaScript, "C#": cSharp };

/** Shows the request of the current settings as code. */
export function openSnippets(studio) {
  openDialog("These settings as code", "code", [createSnippets(requestFor(studio.settings()), studio)]);
}

/**
 * Creates the code of a request in a language of choice, with a button that copies it.
 * @param {import("./request.js").ImageRequest} request
 * @returns {HTMLElement}
 */
export function createSnippets(request, studio) {
  const code = element("code");
  const name = `language-${Math.random().toString(36).slice(2)}`;
  const show = (language) => {
    code.textContent = languages[language](request, location.origin);
  };
  const choices = Object.keys(languages).map((language, i) =>
    element("label", {},
      element("input", { type: "radio", name, checked: i === 0, onchange: () => show(language) }), element("span", { textContent: language })));
  show("curl");
  return element("div", { class: "snippets" },
    element("div", { class: "buttons" },
      element("fieldset", { class: "choice" }, element("legend", { textContent: "Language" }), ...choices),
      button("Copy", async () => tell(studio, await copied(code.textContent)))),
    element("pre", { tabIndex: 0, role: "region", "aria-label": "Code of this request" }, code));
}

/** Copies a text. @param {string} text @returns {Promise<string>} what happened, for people */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "The browser does not allow copying here. Select the text and copy it yourself.";
  }
}

/** The fields with files, and the names of those files. */
const namesOf = ({ image, mask }) => [["image", fileNameOf("picture", image)], ...(mask ? [["mask", fileNameOf("mask", mask)]] : [])];

/** For a POSIX shell, where only a quote ends a quoted text. */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl({ route, fields, files }, origin) {
  const lines = [`curl --fail-with-body ${shell(`${origin}/v1/images/${route}`)}`, `-H 'Authorization: Bearer ${KEY}'`, "-H 'Accept: image/png'"];
  if (files) {
    lines.push(...namesOf(files).map(([name, file]) => `-F ${name}=@${file}`));
    lines.push(...Object.entries(fields).map(([name, value]) => `--form-string ${shell(`${name}=${value}`)}`));
  } else {
    lines.push("-H 'Content-Type: application/json'", `-d ${shell(toJson(fields))}`);
  }

  return [...lines, "-o image.png"].join(" \\\n  ");
}

function javaScript({ route, fields, files }, origin) {
  const body = files
    ? [
        "const body = new FormData();",
        ...namesOf(files).map(([name, file]) => `body.append("${name}", await openAsBlob("${file}"), "${file}");`),
        ...Object.entries(fields).map(([name, value]) => `body.append("${name}", ${JSON.stringify(String(value))});`),
      ]
    : [`const body = JSON.stringify(${JSON.stringify(fields, null, 2).replace(/"layout": \[[^\]]*\]/, (list) => list.replace(/\s+/g, " "))});`];
  return [
    `import { ${files ? "openAsBlob, " : ""}writeFileSync } from "node:fs";`,
    "",
    ...body,
    `const response = await fetch(${JSON.stringify(`${origin}/v1/images/${route}`)}, {`,
    '  method: "POST",',
    `  headers: { Authorization: "Bearer ${KEY}", Accept: "image/png"${files ? "" : ', "Content-Type": "application/json"'} },`,
    "  body,",
    "});",
    "if (!response.ok) {",
    "  throw new Error((await response.json()).error.message);",
    "}",
    "",
    'writeFileSync("image.png", Buffer.from(await response.arrayBuffer()));',
  ].join("\n");
}

function cSharp({ route, fields, files }, origin) {
  const text = (value) => JSON.stringify(value).replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const json = (value) => `"""${toJson(value)}"""`; // JSON never has three quotes in a row
  const content = files
    ? [
        "using var content = new MultipartFormDataContent();",
        ...namesOf(files).map(([name, file]) => `content.Add(new ByteArrayContent(File.ReadAllBytes("${file}")), "${name}", "${file}");`),
        ...Object.entries(fields).map(([name, value]) => `content.Add(new StringContent(${text(String(value))}), "${name}");`),
      ]
    : [`using var content = new StringContent(${json(fields)}, Encoding.UTF8, "application/json");`];
  return [
    "using System.Net.Http.Headers;",
    ...(files ? [] : ["using System.Text;"]),
    "",
    `using var client = new HttpClient { BaseAddress = new Uri(${text(origin)}) };`,
    `client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "${KEY}");`,
    'client.DefaultRequestHeaders.Accept.ParseAdd("image/png");',
    ...content,
    `using var response = await client.PostAsync("/v1/images/${route}", content);`,
    "if (!response.IsSuccessStatusCode)",
    "{",
    "    throw new HttpRequestException(await response.Content.ReadAsStringAsync());",
    "}",
    "",
    'await File.WriteAllBytesAsync("image.png", await response.Content.ReadAsByteArrayAsync());',
  ].join("\n");
}
