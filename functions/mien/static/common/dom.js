/** Finds and makes elements. File names and other foreign text are set as text, and never parsed as HTML. */

/**
 * An element that index.html contains.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type] class of the element; give it to use properties that only this class has
 * @returns {T}
 * @throws {TypeError} if there is no such element, or if it has another class
 * @example byId("file-input", HTMLInputElement).files
 */
export function byId(id, type = /** @type {new () => T} */ (HTMLElement)) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`index.html has no ${type.name} with the ID ${id}`);
  return found;
}

/**
 * Makes an element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties] DOM properties; a listener is one of them, such as `onclick`
 * @param {...(Node | string)} children strings become text nodes
 * @returns {HTMLElementTagNameMap[Tag]}
 * @example element("button", { type: "button", onclick: () => save() }, "Save")
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * The first descendant that matches a selector.
 * @param {HTMLElement} parent
 * @param {string} selector
 * @returns {HTMLElement}
 * @throws {TypeError} if there is none
 */
export function part(parent, selector) {
  const found = parent.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new TypeError(`no element matches ${selector}`);
  return found;
}
