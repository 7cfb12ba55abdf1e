r"""Mathematical text in one spelling: LaTeX, Markdown and Unicode become plain letters, `_`, `^` and a few marks.

    \tilde{h}_t = \tanh(\mathbf{W} x_t)  →  h̃_t = tanh(W x_t)
    hₜ₋₁  →  h_{t-1}        x^{\langle t \rangle}  →  x^{<t>}        \quad, $$, `  →  a mark that ends a formula

Lines stay where they are, so that a place is a line of the original. What stands in a matrix environment is untouched.
"""

from __future__ import annotations

import re
import unicodedata

from rnncalc.problems.parse.numbers import plain

BREAK = "\ue000"  # of no script: what ends a formula: \\, \quad, the edge of mathematics, a code fence
MATRIX = re.compile(
    r"\\begin\s*\{(?P<kind>(?:[bpvVB]?|small|psmall|bsmall)matrix\*?|array)\}"
    r"[^\\]*(?:\\(?!begin\b|end\s*\{(?P=kind)\})[^\\]*)*\\end\s*\{(?P=kind)\}"
)
_FENCED = re.compile(  # \left[ \begin{array}{rr} … \end{array} \right]
    rf"(?:(?:\\left|\\[bB]igg?l?)\s*)?[\[(]\s*({MATRIX.pattern})\s*(?:(?:\\right|\\[bB]igg?r?)\s*)?[\])]"
)

_SUB = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₜₙₖᵢⱼₓₕₐₒₑₛᵧ", "0123456789+-()tnkijxhaoesy"))
_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵗⁿᵏᶠᵇˡ", "0123456789+-()tnkfbl"))
_ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303"}
_GREEK = {
    name: unicodedata.lookup(f"GREEK {'CAPITAL' if name[0].isupper() else 'SMALL'} LETTER {greek.upper()}")
    for name in "alpha beta gamma delta epsilon zeta eta theta iota kappa mu nu xi pi rho sigma tau upsilon "
    "phi chi psi omega Gamma Delta Theta Xi Pi Sigma Upsilon Phi Psi Omega Lambda".split()
    for greek in [{"lambda": "lamda"}.get(name.lower(), name.lower())]
} | {
    "varphi": "φ",
    "vartheta": "θ",
    "varpi": "π",
    "varrho": "ρ",
    "varepsilon": "ε",
    "lambda": "λ",
    "partial": "∂",
    "nabla": "∇",
    "ell": "ℓ",
}
_MARKS = {
    "cdot": "*", "times": "×", "ast": "*", "odot": "∘", "circ": "∘", "otimes": "∘", "oplus": "⊕", "Vert": "∥",
    "sum": "Σ", "langle": "<",
    "rangle": ">", "leftarrow": "←", "gets": "←", "coloneqq": ":=", "top": "T", "intercal": "T", "mid": "|",
    "approx": "≈", "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "ldots": "…", "dots": "…", "in": "∈",
}  # fmt: skip
_FUNCTIONS = "tanh sigmoid exp log ln max min sin cos softmax arg"
_STYLES = (
    r"mathbf|boldsymbol|bm|mathrm|mathit|mathsf|mathcal|mathbb|text|textbf|textit|textrm|texttt|vec|"
    r"operatorname\*?|boxed"
)
_ENVIRONMENTS = (
    r"(?:align|alignat|aligned|equation|gather|gathered|split|cases|displaymath|math|eqnarray|itemize|enumerate|"
    r"document|center)\*?"
)

_RULES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\\\$"), "＄"),
    (re.compile(r"(?<=[A-Za-z])_(\d)(?=[A-Za-z][_^])"), r"_{\1} "),  # U_1x_t
    (re.compile(r"\\?log\s*\\?(?:(?:operatorname|mathrm|text)\s*\{\s*)?softmax\}?"), "logsoftmax"),
    (re.compile(rf"\\(?:begin|end)\s*\{{{_ENVIRONMENTS}\}}(?:\{{\d*\}})?"), BREAK),
    (
        re.compile(r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|nolimits|item|label\{[^}]*\})(?![a-zA-Z])\.?"),
        " ",
    ),
    (re.compile(r"\\q?quad(?![a-zA-Z])|\\\\(?:\[[^\]\n]*\])?|\\[\[\]()]|\$\$?|```\w*|`"), BREAK),
    (re.compile(r"(?<=[A-Za-z])~(?=_|\^|[(\[<] ?[tnk] ?[)\]>])"), "\u0303"),  # h~_t, c~(t)
    (re.compile(r"\\[lr]Vert(?![a-zA-Z])|\\\|"), "‖"),
    (
        re.compile(
            r"(?<![*\w])([A-Za-z]\u0302?(?:_\{?\w{1,9}\}?)?)(?:\s?\^\s?\{?\s?(?:\*|\\ast|\\star)(?![a-zA-Z])\s?\}?|"
            r"\*(?=[ \t]*(?:=(?!=)|[‖∥|),;]|\.?[ \t]*(?:\n|\Z))))"
        ),
        r"\1_{star}",
    ),  # h*, what h should be
    (re.compile(r"\\[,;:! ]|~(?=[\\\w])"), " "),
    (re.compile(r"\\([{}])"), r"\1"),
    (
        re.compile(r"_\s*(?:\{[\s,]*(?:\\cdot|\\bullet|\\ast|[*•·])\s*\}|\\(?:cdot|bullet|ast)(?![a-zA-Z]))"),
        "",
    ),  # b_\cdot
    (re.compile(r"_\s*\{\s*(\w+)[\s,]*(?:\\cdot|\\bullet|\\ast|[*•·])\s*\}"), r"_{\1}"),  # W_{x\cdot}, any gate's
    (re.compile(r"\\[dt]?frac(?![a-zA-Z])\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\[dt]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\^\s*\{?\s*(?:\\(?:top|intercal)(?![a-zA-Z])|\\math(?:sf|rm)\s*\{\s*T\s*\}|⊤|T\b)(?:\s*\})?"), "^T "),
    (re.compile(r"\*\*([^*\n]+?)\*\*"), r"\1"),
    (re.compile(r"&(?=\s*(?::?=|≈|←))|(?<==)\s*&"), " "),
    (re.compile(r"(?<=[\w)\]}' ])\.\*(?=[ \t\w(\[])"), "∘"),  # MATLAB
    (re.compile(r"(?<=[\w)\]}' ])\./(?=[ \t\w(\[])"), "/"),
]
_STYLE = re.compile(rf"\\(?:{_STYLES})\s*(?:\{{([^{{}}]*)\}}|(?<=[a-z])(?:\s+(\w)|\s*(\\[a-zA-Z]+)))")
_ACCENT = re.compile(rf"\\({'|'.join(_ACCENTS)})\s*(?:\{{\s*(\\?\w+)\s*\}}|\s*(\\[a-zA-Z]+|\w))")
_CALLED = re.compile(
    r"\b(?:np|numpy|jnp|torch|tf|math|F)\s*\.\s*(?:nn\.|math\.|functional\.)*(?=(?:tanh|sigmoid|relu6?|softmax|exp|log|maximum|minimum|clip|clamp|clip_by_value)\b)"
)
_ARROW = re.compile(r"\\over(right|left)arrow\s*(?:\{\s*(\\?\w+)\s*\}|\s*(\\?\w))|(\w)([\u20d6\u20d7])")
_FLAT = re.compile(r"(?<![A-Za-z\\_{])([A-Za-zΑ-ω][\u0302\u0303']?)t(\s?[-−–]\s?1)?(?![A-Za-z_({\u0300-\u036f])")
_MACRO = re.compile(
    r"\\(?:re)?newcommand\*?\s*(?:\{\s*\\([a-zA-Z]+)\s*\}|\\([a-zA-Z]+))\s*\{((?:[^{}\n]|\{[^{}\n]*\})*)\}"
)
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_INSIDE = r"\s*\{((?:[^{}\n]|\{[^{}\n]*\})*)\}"
_UNSEEN = re.compile(
    rf"\\[hv]?phantom{_INSIDE}|\\[hv]space\*?{_INSIDE}|\\[mh]skip\s*-?[\d.]+\s*[a-z]{{2}}|\\(?:strut|mathstrut|null)(?![a-zA-Z])"
)
_LAID_OVER = re.compile(rf"\\(?:math[rlc]lap|[rl]lap|smash(?:\[[bt]\])?|mathclap|hbox|mbox|makebox){_INSIDE}")
_DISPLAYED = re.compile(r"\\\\\[(?!\s*(?:-?[\d.]+\s*[a-z]{2}|\\\w+)\s*\])((?:(?!\n\s*\n|\\\\\[).)*?)\\\\\]", re.DOTALL)


def unified(text: str) -> str:
    """The text in one spelling, line by line as it was."""
    text = without_unseen(_expanded(text))
    text = _scripts(text, _SUB, "_")
    text = plain(_scripts(text, _SUPER, "^"))
    text = (
        text.replace("⟨", "<")
        .replace("⟩", ">")
        .replace("⊙", "∘")
        .replace("∗", "*")
        .replace("【", "[")
        .replace("】", "]")
    )
    text = re.sub(r"[⎡⎢⎣⎤⎥⎦]", " ", text)
    text = _FENCED.sub(
        lambda fenced: re.sub(r"[^\n]", "", fenced[0][: fenced.start(1) - fenced.start()]) + fenced[1], text
    )
    pieces, at = [], 0
    for matrix in MATRIX.finditer(text):
        pieces += [_unified(text[at : matrix.start()]), matrix[0]]
        at = matrix.end()
    return unicodedata.normalize("NFC", "".join([*pieces, _unified(text[at:])]))


def _expanded(text: str) -> str:
    r"""The text with its own commands, \newcommand{\bh}{\mathbf{h}}, and its HTML written out."""
    for macro in _MACRO.finditer(text):
        name, body = macro[1] or macro[2], macro[3]
        text = text.replace(macro[0], "")
        text = re.sub(rf"\\{name}(?![a-zA-Z])", lambda _name, body=body: f"{{{body}}}"[1:-1], text)  # type: ignore[misc]
    if "</" in text:
        text = re.sub(r"</?(?:b|i|em|strong|span|var|u|font)\b[^<>\n]*>", "", text)
        text = re.sub(
            r"<(sub|sup)\b[^<>\n]*>(.*?)</\1>", lambda part: f"{'_' if part[1] == 'sub' else '^'}{{{part[2]}}}", text
        )
        text = re.sub(r"</?(?:p|div|code|ul|ol|li|h\d|br)\b[^<>\n]*>", BREAK, text)
    return text


def without_unseen(text: str) -> str:
    r"""The text without what is not seen, \phantom{-}0.8, and with display mathematics of Markdown, \\[ … \\]."""
    if "\\" not in text:
        return text
    text = _DISPLAYED.sub(lambda shown: f"\\[{shown[1].replace(4 * chr(92), 2 * chr(92))}\\]", text)
    return _LAID_OVER.sub(r"\1", _UNSEEN.sub(" ", text))


def _scripts(text: str, table: dict[str, str], mark: str) -> str:
    run = f"[{''.join(table)}]+"
    return re.sub(run, lambda matched: f"{mark}{{{''.join(table[letter] for letter in matched[0])}}}", text)


def _unified(text: str) -> str:
    if re.search(r"\\overleftarrow(?![a-zA-Z])", text):  # beside it, \\vec{h} runs forward
        text = re.sub(r"\\vec(?![a-zA-Z])", r"\\overrightarrow", text)
    text = _ARROW.sub(_direction, text)
    if re.search(r"(?<![A-Za-z\\_{])[A-Za-z]t\s?[-−–]\s?1(?!\d)", text):  # ht-1, as copied from a page
        text = _FLAT.sub(lambda flat: f"{flat[1]}_{{t{'-1' if flat[2] else ''}}}", text)
    if "\\" in text:
        for _depth in range(3):
            text = _STYLE.sub(_inside, text)
        text = _ACCENT.sub(lambda matched: _apart(matched, (matched[2] or matched[3]) + _ACCENTS[matched[1]]), text)
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    text = _CALLED.sub("", text)
    return _COMMAND.sub(_command, text) if "\\" in text else text


def _inside(style: re.Match[str]) -> str:
    return _apart(style, next(part for part in style.groups() if part is not None))


def _apart(command: re.Match[str], text: str) -> str:
    """Text in place of a command, which ended what was before: \\odot\\mathbf{h} is ∘ h, X_t\\mathbf{W} is X_t W."""
    before = command.string[max(0, command.start() - 12) : command.start()]
    ends = r"\\[a-zA-Z]+\Z|[^\W_]\Z" if text[:1].isalpha() else r"\\[a-zA-Z]+\Z"
    return f" {text}" if re.search(ends, before) else text


def _direction(arrow: re.Match[str]) -> str:
    forward = arrow[1] == "right" or arrow[5] == "\u20d7"
    return _apart(arrow, f"{arrow[2] or arrow[3] or arrow[4]}^{{{'fwd' if forward else 'bwd'}}}")


def _command(matched: re.Match[str]) -> str:
    name = matched[1]
    if name in _MARKS:
        return _MARKS[name]
    if name in _GREEK:
        return _apart(matched, _GREEK[name])
    return f" {name}" if name in _FUNCTIONS.split() else matched[0]
