"""Habits of programs: what a loop runs over, one column a step, a line that goes on below, prints of Keras.

Longer than other files: habits are undone one after the other, each in what those before it left.
"""

from __future__ import annotations

import re

from rnncalc.problems.formulas.spelling import BREAK

_PAIRS = re.compile(r"\bfor\s+(\w+)\s*,\s*(\w+)\s+in\s+zip\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_THESE = re.compile(  # for x in [[1, 2], [0, -1]]:
    r"\bfor\s+(?:\w+\s*,\s*)?(\w+)\s+in\s+(?:enumerate\()?((?:(?:np\.)?array\()?\[[^\n]*\]\)?)\)?(?:,\s*\d+\))?\s*:"
)
_THESE_OF_JULIA = re.compile(r"^([ \t]*)for (\w+) in (\[\[[^\n]*\]\])[ \t]*$", re.MULTILINE)
_OVER = re.compile(r"\bfor\s+(\w+)\s+in\s+(?!range|enumerate|zip)(\w+)\s*:")
_COLUMN = re.compile(r"\b(\w+)\s*[(\[]\s*:\s*,\s*([tnk])\s*[)\]]")
_COMPONENT = re.compile(r"\b(\w+)\[([tnk])(?:\]\[|[ \t]?,[ \t]?)(\d)\]")  # x[t, 0], x[t][0]
_KERAS = re.compile(r"^[ \t]*(?:\w+/)*?(\w+)/(kernel|recurrent_kernel|bias)(?::0)?[ \t]*:?[ \t]*$", re.MULTILINE)
_DEFINED = re.compile(
    r"^[ \t]*def (?P<name>\w+)\((?P<names>[^()]*)\)[^\n:]*:[ \t]*\n(?:[ \t]*(?:\"\"\"[^\"]*\"\"\"|#[^\n]*)\n)*"
    r"(?:[ \t]+(?P<result>\w+)[ \t]*=[ \t]*(?P<value>[^\n=]+)\n)?[ \t]+return[ \t]+(?P<formula>[^\n]+)$",
    re.MULTILINE,
)
_PROMPT = re.compile(r"^([ \t]*)(In|Out)[ \t]?\[[ \t]*\d*[ \t]*\][ \t]*:?", re.MULTILINE)  # of a notebook
_PROMPTED = re.compile(  # >>> print(h), and below it [[0.5, 0.3]: what the console shows
    r"^[ \t]*>>>[ \t]*(?:print[ \t]*\([ \t]*)?(?P<name>[A-Za-z]\w*)(?:\.(?:data|detach\(\)|numpy\(\)|round\(\d\)))*"
    r"[ \t]*\)?[ \t]*\n(?=[ \t]*(?:\[|\(|tensor\(|array\(|[-+]?\.?\d))",
    re.MULTILINE,
)
_CONSOLE = re.compile(  # >>> W = …, >>> for name, p in rnn.named_parameters(): print(name, p)
    r"^[ \t]*>>>[ \t]?(?:(?=[A-Za-z]\w*[ \t]*=(?!=))|[^\n]*)|^[ \t]*\.\.\.(?=[ \t])", re.MULTILINE
)
_DOT = re.compile(
    r"\b(?:np|numpy|torch|tf|jnp)\.(?:dot|matmul|mm|mv)\([ \t]*([\w.\[\]-]+)[ \t]*,[ \t]*([\w.\[\]-]+)[ \t]*\)"
)
_ITEM = r"[ \t]*[A-Za-z][\w.]{0,30}(?:\[[^\[\],:\n]{0,12}\])?[ \t]*"
_BELOW = re.compile(  # np.concatenate([h, x]), torch.cat((x, h), dim=1), np.r_[h, x]
    r"\b(?:np|numpy|jnp|torch|tf)\.(?:(?:concatenate|concat|cat|hstack|vstack)\([ \t]*[\[(]|r_\[)"
    rf"({_ITEM}(?:,{_ITEM}){{1,3}})[\])][ \t]*(?:,[ \t]*(?:axis|dim)?[ \t]*=?[ \t]*-?[01][ \t]*)?(?:(?<=\])(?!\))|\))"
)
_NOTHING = r"(?:\[\]|\{\}|list\(\)|dict\(\)|None)"
_GOES_ON = re.compile(r"(?<=\S)([ \t]*)\.\.\.[ \t]*\n")
_CALLED = re.compile(r"^[ \t]*\w+\.(?:backward|step|zero_grad|train|eval)\([^()\n]*\)[ \t]*;?[ \t]*$", re.MULTILINE)
_EMPTY = re.compile(  # to be filled: hs, ys = [], []
    rf"^[ \t]*\w+(?:[ \t]*,[ \t]*\w+)*[ \t]*=[ \t]*{_NOTHING}(?:[ \t]*,[ \t]*{_NOTHING})*[ \t]*$", re.MULTILINE
)
_FILLED = re.compile(  # H = zeros(3, T), whose columns a loop fills
    r"(?<![\w.])(\w+)[ \t]*=[ \t]*(?:np\.|torch\.)?(?:zeros|empty)[ \t]*\((?:[^()\n]|\([^()\n]*\))*\)[ \t]*;?"
)
_SIGMOID = re.compile(r"1(?:\.0?)?\s*/\s*\(\s*1(?:\.0?)?\s*\+\s*(?:\w+\.)?exp\(\s*-\s*(\w+)\s*\)\s*\)")
_STATES = ("h", "s", "h_prev", "prev_h", "h_prev", "state", "hidden", "prev_state", "h_last")
_PRINTED = re.compile(
    r"^[ \t]*(?:\w+\.)*([A-Za-z]\w*)[ \t]+(?=(?:tensor|array|Parameter containing:\s*tensor)\s*\()", re.MULTILINE
)
_LAYER = re.compile(r"\b(SimpleRNN|LSTM|GRU)\s*\(([^\n]*)")
_TORCH = re.compile(
    r"^[ \t]*(\w+)[ \t]*=[ \t]*(?:torch\.)?nn\.(RNN|LSTM|GRU)(?:Cell)?\(([^()\n]*)\)[ \t]*$", re.MULTILINE
)
_LISTED = re.compile(
    r"\(\s*['\"]([\w.]+)['\"]\s*,\s*(?=tensor\s*\()|['\"]([\w.]+)['\"]\s*:\s*(?=(?:torch\.)?tensor\s*\()|OrderedDict\(\["
)
_WHOLE = re.compile(r"(?<=\w)\[[ \t]*(?::|\.\.\.)[ \t]*\](?=[ \t]*=(?!=))")  # W[:] = …
_ENTRY = re.compile(  # params["W"]; of gradients, and of whatever else has a name, the letter says too little
    r"(?<![\w.])(?:params?|parameters?|weights?|theta|model|net|sd|state_dict|state)"
    r"\[[ \t]*['\"]((?:\w+\.)*\w+)['\"][ \t]*\]"
)
_ONE_HOT = re.compile(  # xs[t] = np.zeros((3, 1)), and below it xs[t][inputs[t]] = 1
    r"^[ \t]*(?P<x>\w+)\[(?P<t>\w)\][ \t]*=[ \t]*(?:np\.|torch\.)?zeros\([ \t]{0,9}\(?[ \t]{0,9}(?P<size>\w+)[ \t]{0,9}"
    r"(?:,[ \t]{0,9}1[ \t]{0,9})?\)?[ \t]{0,9}\)[^\n]*\n[ \t]*(?P=x)\[(?P=t)\]\[[ \t]*(?P<codes>\w+)\[(?P=t)\]"
    r"[ \t]{0,9}(?:,[ \t]{0,9}0[ \t]{0,9})?\][ \t]*=[ \t]*1(?:\.0?)?[^\n\d.]*$",
    re.MULTILINE,
)
_MODULE = re.compile(
    r"(?:^|(?<=`))([ \t]*\w+)[ \t]*=(?=[ \t]*(?:torch\.)?nn\.[A-Z]\w*\()", re.MULTILINE
)  # fc = nn.Linear(3, 1)
_JUDGED = re.compile(  # nn.CrossEntropyLoss()(logits.view(-1, 3), y), criterion(out, y)
    r"(?:Loss\([^()\n]*\)|\b(?:criterion|loss_f\w*|F\.\w+))\("
    r"(?:[^(),\n]|\([^()\n]*\))+,[ \t]*(\w+)(?:\.\w+\([^()\n]*\))*[ \t]*[,)]"
)
_AVERAGED = re.compile(  # loss = loss / 4, loss /= T, behind a loop that adds the losses of the steps up
    r"^([ \t]*)(loss|L|J|E|cost)[ \t]*(?:/=|=[ \t]*\2[ \t]*/)[ \t]*"
    r"(?:(\d{1,4})(?:\.0?)?|T|seq_len|(?:num|n)_?steps|len\(\w+\)|\w+\.(?:shape\[0\]|size\(0\)))"
    r"[ \t]*;?[ \t]*(?:#[^\n]*)?$",
    re.MULTILINE,
)
_INSIDE = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"  # of the brackets of a call, over several lines too
_COPIED = re.compile(rf"^([ \t]*)(?:\w+\.)*(\w+)(?:\.data)?\.copy_\(({_INSIDE})\)[ \t]*$", re.MULTILINE)
_OF_MODULE = re.compile(  # rnn.weight_hh_l0, whatever the module is called
    r"(?<![\w.])(?:[A-Za-z]\w*\.)+((?:weight|bias)_[ih]h(?:_l\d)?)(?:\.data)?(?=[ \t]*[=:])"
)

_KERAS_LAYER = re.compile(
    r"^([ \t]*\w+[ \t]*)=(?=[ \t]*(?:tf\.)?(?:keras\.)?(?:layers\.)?(?:SimpleRNN|LSTM|GRU)\()", re.MULTILINE
)
_ARRAYS = re.compile(r"\[\s*array\([^()]*\)(?:\s*,\s*array\([^()]*\)){1,4}\s*\]")
_KERNEL = re.compile(r"\brecurrent_kernel = array\(")
_GOT = {
    2: ("kernel", "recurrent_kernel"),
    3: ("kernel", "recurrent_kernel", "bias"),
    5: ("kernel", "recurrent_kernel", "bias", "dense_kernel", "dense_bias"),
}
_CELLS = {"SimpleRNN": "elman", "RNN": "elman", "LSTM": "lstm", "GRU": "gru_after"}


def columns(text: str) -> set[str]:
    """The names of which a column is a step."""
    return {part[1] for part in _COLUMN.finditer(text)}


def plain(text: str) -> str:
    """The text with the habits of programs written as sheets have them; every line stays where it is."""
    if ">>>" in text:
        text = _CONSOLE.sub("", _PROMPTED.sub(r"\n\g<name> = ", text))
    text = _CALLED.sub("", text)
    text = _EMPTY.sub("", re.sub(r"\bself\.", "", text))
    text = _FILLED.sub(lambda made: "" if _is_filled(text, made[1]) else made[0], text)
    text = _ENTRY.sub(r"\1", _WHOLE.sub("", text))
    text = _PROMPT.sub(_without_prompt, text)
    text = _BELOW.sub(r"[\1]", text)
    text = _DOT.sub(r"\1 @ \2", text)
    text = re.sub(r"\b(loss|L)[ \t]*-=[ \t]*(?=(?:np|torch|math)\.log\b)", r"\1 += -", text)
    text = _inlined(_encoded(text))
    for pair in _PAIRS.finditer(text):
        text = _renamed(_renamed(text, pair[3], pair[1]), pair[4], _target(pair[2]))
        text = re.sub(rf"\b{pair[2]}\b(?=\s*\)|\s*\*\*)", _target(pair[2]), text)
    text = _THESE_OF_JULIA.sub(r"\1\2 = \3", _THESE.sub(r"\1 = \2", text))
    for loop in _OVER.finditer(text):
        text = _renamed(text, loop[2], loop[1])
    text = _COLUMN.sub(lambda part: f"{part[1]}_{part[2]}", text)
    if any(component[3] == "0" for component in _COMPONENT.finditer(text)):  # counted from 0
        text = _COMPONENT.sub(lambda part: f"{part[1]}_{{{part[2]},{int(part[3]) + 1}}}", text)
    text = _GOES_ON.sub(lambda dots: f"{dots[1]} \n" if _inside_brackets(dots) else dots[0], text)
    text = re.sub(r"\*\*\s*2\b", "^2", text)
    text = re.sub(r"\b(?:np|torch|tf)\.(?:reduce_)?sum\s*(?=\()", "Σ", text)
    text = re.sub(r"=\s*zeros\(\s*\d+\s*,\s*1\s*\)", "= 0", text)
    text = _PRINTED.sub(r"\1 = ", text)
    text = _LISTED.sub(lambda entry: f" {entry[1] or entry[2]} = " if entry[1] or entry[2] else " ", text)
    if "[[[" not in text:  # of a batch nobody knows what it is divided by
        counted = [part[3] for part in _AVERAGED.finditer(text) if part[3]]
        text = _AVERAGED.sub(r"\1reduction: mean", text) + "".join(f"\nT = {count}" for count in counted)
    text = _torch(text)
    text = _got_weights(text)
    if _KERAS.search(text) or _KERNEL.search(text):
        text = _keras(text)
    return text


def _inside_brackets(dots: re.Match[str]) -> bool:
    """Whether a bracket is open before the dots that end a line of MATLAB; elsewhere they leave numbers out."""
    before = dots.string[: dots.end(1)]
    return max(map(before.rfind, "[(")) > max(map(before.rfind, "])"))


def _encoded(text: str) -> str:
    """The text with the one-hot inputs that a loop makes of class numbers: inputs = [0, 2], xs[t][inputs[t]] = 1."""
    for made in _ONE_HOT.finditer(text):
        codes = re.search(rf"^([ \t]*){made['codes']}[ \t]*=[ \t]*\[([\d, \t]+)\]", text, re.MULTILINE)
        text = text.replace(made[0], "\n" * made[0].count("\n"))
        if codes:
            numbers = [int(code) for code in re.findall(r"\d+", codes[2])]
            width = _width(text, made["x"], made["size"])
            rows = [[int(at == code) for at in range(width)] for code in numbers]
            known = max(numbers, default=width) < width <= 1000
            text = text.replace(codes[0], f"{codes[1]}{made['x']} = {rows if known else 'one-hot vectors'}")
    return text


def _width(text: str, x: str, size: str) -> int:
    """The length of a one-hot vector: a number, a size that has its number, or the columns of what multiplies it."""
    if size.isdigit():
        return int(size)
    if said := re.search(rf"(?<!\w){size}[ \t]*=[ \t]*(\d{{1,4}})[ \t]*(?:[#;\n]|$)", text, re.MULTILINE):
        return int(said[1])
    weight = re.search(rf"(?<!\w)(\w{{1,40}})[ \t]{{0,9}}@[ \t]{{0,9}}{x}\[", text)
    given = (
        re.search(rf"^[ \t]*{weight[1]}[ \t]*=[^\n\[]{{0,20}}\[\s*\[([^][]*)\]", text, re.MULTILINE) if weight else None
    )
    return len(re.findall(r"[^\s,]+", given[1])) if given else 0


def _inlined(text: str) -> str:
    """A call of a function of one line as that line: h = step(x[t], h, Wx) as h = tanh(x[t] @ Wx + h)."""
    for defined in _DEFINED.finditer(text):
        names = [name.split(":")[0].split("=")[0].strip() for name in defined["names"].split(",")]
        formula = defined["formula"].split("#")[0].strip()
        body = defined["value"].split("#")[0].strip() if formula == defined["result"] else formula
        if defined["name"] in ("sigmoid", "sigma", "sigm") and _SIGMOID.fullmatch(body):  # its name says it
            text = text.replace(defined[0], "\n" * defined[0].count("\n"))
            continue
        text = re.sub(rf"^([^\S\n]*)def {defined['name']}\b", r"\1# def", text, flags=re.MULTILINE)
        call = re.compile(rf"(?<![\w.]){defined['name']}\(((?:[^()\n]|\([^()\n]*\))*)\)")

        def put(part: re.Match[str], names: list[str] = names, body: str = body) -> str:
            given = [value.split("=")[-1].strip() for value in re.split(r",(?![^\[(]*[\])])", part[1])]
            whole = [value if re.fullmatch(r"[\w.]*(?:\[[^\[\]]*\])?", value) else f"({value})" for value in given]
            values = dict(zip(names, whole))
            return re.sub(r"[^\W\d]\w*", lambda word: values.get(word[0], word[0]), body)

        state = next((name for name in names if name in _STATES), "")
        if not call.search(text) and state:  # it is only defined
            text += f"\n{state} = {body}"
        text = call.sub(put, text)
    return text


def _is_filled(text: str, name: str) -> bool:
    """Whether a loop assigns what an array of zeros holds: H(:, t) = h, ys[t] = y."""
    return bool(
        re.search(rf"^[ \t]*{name}[ \t]*[(\[][^()\[\]\n]*\b[tnki]\b[^()\[\]\n]*[)\]][ \t]*=(?!=)", text, re.MULTILINE)
    )


def _without_prompt(prompt: re.Match[str]) -> str:
    """In [3]: is nobody's name; what stands behind Out[3]: is no value that the notebook gives."""
    return prompt[1] if prompt[2] == "In" else f"{prompt[1]}Out {BREAK}"


def _target(name: str) -> str:
    return "targets" if name in ("t", "y_true", "target") else name


def _renamed(text: str, old: str, new: str) -> str:
    """An assignment under the name that a loop gives to its entries."""
    return re.sub(rf"^([ \t]*){old}(?=\s*=)", rf"\1{new}", text, flags=re.MULTILINE)


def _torch(text: str) -> str:
    """A layer of PyTorch as keys, its weights as assignments: rnn.weight_hh_l0.copy_(torch.tensor(…))."""

    def keys(layer: re.Match[str]) -> str:
        relu = re.search(r"nonlinearity\s*=\s*[\"'](\w+)", layer[3])
        several = re.search(r"num_layers\s*=\s*(?!1\b)\d|bidirectional\s*=\s*True", layer[3])
        plain_cell = layer[2] == "RNN" and not several
        return (
            ""
            if several
            else f"activation: {relu[1] if relu else 'tanh'}"
            if plain_cell
            else f"cell: {_CELLS[layer[2]]}"
        )

    for judged in _JUDGED.finditer(text):
        text = _renamed(text, judged[1], "targets")
    names = {layer[1] for layer in _TORCH.finditer(text)}
    if re.search(r"\bW_\{?(?:ir|hr|ii|hi)\b", text):  # the equations have a weight for each gate
        text = re.sub(
            r"\b(weight|bias)_([ih]h)_l0(?=[ \t]*=)",
            lambda part: f"{part[1].replace('weight', 'W')[0]}_{part[2]}",
            text,
        )
    text = re.sub(
        r"(?<![\w.])(?:fc|linear|head|out|decoder|readout)\.(weight|bias)(?:\.data)?(?=[ \t]*=)", _read_out, text
    )
    first = [layer for layer in _TORCH.finditer(text) if not re.search(r"batch_first\s*=\s*True", layer[3])]
    text = _MODULE.sub(r"\1 ", _COPIED.sub(r"\1\2 = \3", _TORCH.sub(keys, text)))
    text = _OF_MODULE.sub(r"\1", text)
    if first and re.search(r"=\s*(?:torch\.)?tensor\(\s*\[\s*\[\s*\[", text):
        text += "\nlayout: time_first"
    for name in names:
        text = re.sub(rf"\b{name}\.(\w+)(?:\.data)?(?=[ \t]*=)", r"\1", text)
        text = re.sub(rf"^[^\n=]*=[ \t]*{name}\(.*$", "", text, flags=re.MULTILINE)
    return re.sub(rf"=[ \t]*(?:torch\.)?nn\.Parameter\(({_INSIDE})\)[ \t]*$", r"= \1", text, flags=re.MULTILINE)


def _got_weights(text: str) -> str:
    """What layer.get_weights() printed, [array(…), array(…), array(…)], under the names of Keras, in their order."""
    if "get_weights(" not in text or not _LAYER.search(text):
        return text
    text = _KERAS_LAYER.sub(r"\1 ", text)
    for printed in _ARRAYS.finditer(text):
        arrays = printed[0].count("array(")
        names = iter(_GOT[arrays]) if arrays in _GOT else iter(())
        named = re.sub(r"array\(", lambda part, names=names: f"{next(names)} = array(", printed[0][1:-1])  # type: ignore[misc]
        return f"{text[: printed.start()]} {named} {text[printed.end() :]}"
    return text


def _read_out(part: re.Match[str]) -> str:
    return "V" if part[1] == "weight" else "c"


def _keras(text: str) -> str:
    """Names of weights as assignments; the layer's class and activation as keys."""
    layer = _LAYER.search(text)

    def name(part: re.Match[str]) -> str:
        recurrent = not re.match(r"dense|time_distributed|output", part[1])
        return f"{part[2] if recurrent else 'dense_' + part[2]} ="

    text = _KERAS.sub(name, text)
    if layer:
        activation = re.search(r"activation\s*=\s*[\"'](\w+)", layer[2])
        before = re.search(r"reset_after\s*=\s*False", layer[2])
        text += f"\ncell: {'gru' if before else _CELLS[layer[1]]}"
        text += f"\nactivation: {activation[1]}" if activation and layer[1] == "SimpleRNN" else ""
    return text
