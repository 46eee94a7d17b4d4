"""Many scripts → one, and many style sheets → one. The browser's tests run the result."""

import pytest

from mien.logic.bundles import combine_scripts, combine_styles


def test_a_script_comes_after_those_that_it_imports_and_gets_their_exports() -> None:
    sources = {
        "app.js": 'import { a, b as c } from "./x/one.js";\nimport { two } from "./two.js";\nrun(a, c, two);\n',
        "x/one.js": 'import {\n  two,\n} from "../two.js";\nexport const a = two;\nexport function b() {}\n',
        "two.js": "const own = 1;\nexport class two {}\nexport async function other() {}\n",
        "unused.js": "",
    }
    assert (
        combine_scripts(sources, "app.js")
        == """\
// two.js
const $two_js = (() => {
const own = 1;
class two {}
async function other() {}
return { other, two };
})();

// x/one.js
const $x_one_js = (() => {
const { two } = $two_js;
const a = two;
function b() {}
return { a, b };
})();

// app.js
const $app_js = (() => {
const { a, b: c } = $x_one_js;
const { two } = $two_js;
run(a, c, two);

})();
"""
    )


def test_a_script_still_knows_its_own_address() -> None:
    combined = combine_scripts(
        {
            "app.js": 'import { root } from "./api/x.js";',
            "api/x.js": 'export const root = new URL("..", import.meta.url);',
        },
        "app.js",
    )
    assert 'const root = new URL("..", new URL("api/x.js", import.meta.url).href);' in combined


@pytest.mark.parametrize(
    "statement",
    [
        'import x from "./x.js";',
        'import * as x from "./x.js";',
        'import "./x.js";',
        'import { x } from "library";',
        'const x = import("./x.js");',
        "export default 1;",
        "export let x = 1;",
        "export const { x } = y;",
        "export { x };",
        'export { x } from "./x.js";',
        'export * from "./x.js";',
    ],
)
def test_another_form_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match="form that can't be combined"):
        combine_scripts({"app.js": f"{statement}\n", "x.js": "export const x = 1;\n"}, "app.js")


def test_an_import_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"app\.js imports x\.js, which does not exist"):
        combine_scripts({"app.js": 'import { x } from "./x.js";'}, "app.js")
    with pytest.raises(ValueError, match=r"app\.js imports y from x\.js, which does not export it"):
        combine_scripts({"app.js": 'import { y } from "./x.js";', "x.js": "const y = 1;"}, "app.js")


def test_scripts_that_import_each_other_are_refused() -> None:
    sources = {"app.js": 'import { b } from "./b.js";', "b.js": 'import { c } from "./c.js";\nexport const b = c;'}
    sources["c.js"] = 'import { b } from "./b.js";\nexport const c = b;'
    with pytest.raises(ValueError, match=r"b\.js imports c\.js imports b\.js"):
        combine_scripts(sources, "app.js")


def test_style_sheets_are_put_one_after_the_other() -> None:
    sources = {"b.css": "p {}\n", "x/a.css": "a { background: url(data:x) }\n"}
    assert combine_styles(sources, ["x/a.css", "b.css"]) == (
        "/* x/a.css */\na { background: url(data:x) }\n\n/* b.css */\np {}\n"
    )


@pytest.mark.parametrize("rule", ['@import "b.css";', "a { background: url(x.png) }", '@charset "utf-8";'])
def test_a_style_sheet_that_needs_another_file_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="refers to another file"):
        combine_styles({"a.css": rule}, ["a.css"])
