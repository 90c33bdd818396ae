// Files for a modal: chosen, uploaded at once, listed, taken out again; submitted with the form.

import { act } from "./api.js";
import { h, newId, replace } from "./dom.js";
import { me } from "./world.js";

const MOST = 10;
const BYTES = 10_000_000;
const SAME = { jpeg: "jpg", htm: "html", text: "txt", tiff: "tif", yml: "yaml" };
const names = new Map(); // what a file is called, by its id

const kindOf = (name) => {
  const kind = /\.([^.]+)$/.exec(name)?.[1].toLowerCase() ?? "";
  return SAME[kind] ?? kind;
};

function content(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

export class Files {
  /** `picked` are files as the view's state has them, or their ids. */
  constructor(element, picked, label) {
    this.element = element;
    this.most = element.max_files ?? MOST;
    this.kinds = (element.filetypes ?? []).map((kind) => kindOf(`of.${kind}`));
    this.ids = picked.map((one) => {
      if (one.name) names.set(one.id, one.name);
      return one.id ?? one;
    });
    this.coming = 0;
    this.wrong = "";
    this.input = h("input", { type: "file", id: newId("files"), multiple: this.most > 1, "aria-label": label,
      accept: this.kinds.length ? element.filetypes.map((kind) => `.${kind}`).join(",") : null });
    this.list = h("ul", { class: "chosen-files", "aria-label": "Chosen files" });
    this.note = h("div", { class: "error", role: "alert" });
    this.node = h("div", { class: "files", "data-action": element.action_id }, this.input, this.list, this.note);
    this.input.addEventListener("change", () => this.add([...this.input.files]));
    this.draw();
  }

  read() {
    return [...this.ids];
  }

  problem() {
    return this.coming ? "Still uploading." : null;
  }

  draw() {
    replace(this.list, this.ids.map((id) => h("li", {}, h("span", {}, names.get(id) ?? "a file"),
      h("button", { type: "button", class: "cross", "aria-label": `Remove ${names.get(id)}`, on: { click: () => this.drop(id) } }, "×"))),
    this.coming ? h("li", { class: "subtle", role: "status" }, "Uploading…") : null);
    this.note.textContent = this.wrong;
  }

  whyNot(file, count) {
    if (count >= this.most) return this.most === 1 ? "One file only." : `At most ${this.most} files.`;
    if (this.kinds.length && !this.kinds.includes(kindOf(file.name))) return `${file.name}: only ${this.kinds.join(", ")}.`;
    if (file.size > BYTES) return `${file.name} is larger than 10 MB.`;
    return file.size ? "" : `${file.name} is empty.`;
  }

  async add(files) {
    this.input.value = "";
    this.wrong = "";
    const taken = [];
    for (const file of files) {
      const why = this.whyNot(file, this.ids.length + taken.length);
      if (why) this.wrong = why;
      else taken.push(file);
    }
    this.coming += taken.length;
    this.draw();
    for (const file of taken) {
      const made = await act("upload", { user: me().id, name: file.name, content: await content(file) });
      this.coming -= 1;
      if (made.ok) { names.set(made.value, file.name); this.ids.push(made.value); } else this.wrong = made.error;
      this.draw();
    }
  }

  drop(id) {
    this.ids = this.ids.filter((one) => one !== id);
    this.wrong = "";
    this.draw();
    this.input.focus();
  }
}
