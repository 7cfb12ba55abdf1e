"""What heads the columns and rows of tables: names, words for them, gates, steps, layers, what a weight multiplies."""

from __future__ import annotations

import re
from dataclasses import replace

from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.notation import GATE_NAMES
from rnncalc.problems.sheet import layer_parts

FEATURE = re.compile(r"\W*(?:input|feature|eingang|entrée|输入|特征)s?\s*[_#]?\{?\d{1,3}\W*", re.IGNORECASE)
_STEP_WORDS = re.compile(
    r"第\s*(\d{1,6})\s*[天步个时]|^\W*(?:day|step|week|hour|month|time|tag|jour|día|t)\W{1,3}(\d{1,6})\W*$|\bx_\{?(\d{1,6})\b",
    re.IGNORECASE,
)
GATE_STEPS = "τt"  # marks the names of a table of gates, where n is a gate and no step
GATE_WORDS = {
    "forget": "f", "input": "i", "output": "o", "candidate": "g", "cell": "g", "update": "z", "reset": "r", "new": "n",
    "memory": "g", "遗忘": "f", "输入": "i", "输出": "o", "候选": "g", "更新": "z", "重置": "r",
}  # fmt: skip
_FORMULA = re.compile(r"[+*·×∘⊙/=^_(]|(?<![^\W\d_])(?![tkna])[A-Za-z](?![^\W\d_])")
_COMPUTED = re.compile(r"[_^]\{?[(<]?[tnk](?![A-Za-z])|[+=∘⊙×]")
_WORD = re.compile(
    r"(?:input )?(?:words?|tokens?|char\w*|letters?|symbols?|terms?)|Wort|mot|"
    r"(?:输入)?(?:词语?|单词|字符?|字母|符号)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?:.*\W)?(?:(?:word )?embeddings?|(?:\w+ )?vectors?|codes?|encodings?|one[- ]?hot\w*|"
    r"representation|features)(?:\W.*)?|"
    r".*(?:向量|编码|表示|嵌入).*|[xev](?:[_^]\W{0,2}t\W{0,2})?",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"\W*(?:dim\w*|component|entry|feature|分量|维度?|[xe])\W{0,3}\d{1,3}\W*|\d{1,3}", re.IGNORECASE)
_GATE_WORDS_OF_OTHERS = {  # of tables alone: in sentences they say no order
    "망각": "f", "입력": "i", "출력": "o", "후보": "g", "셀": "g", "갱신": "z", "업데이트": "z",
    "리셋": "r", "재설정": "r",
    "忘却": "f", "入力": "i", "出力": "o", "候補": "g", "セル": "g", "リセット": "r",
    "遺忘": "f", "輸入": "i", "輸出": "o", "候選": "g",
    "verg": "f", "eing": "i", "ausg": "o", "kandidat": "g", "aktual": "z", "rücks": "r", "zelle": "g",
    "oubli": "f", "entr": "i", "sortie": "o", "candidat": "g", "mise à jour": "z", "réinit": "r",
    "olvid": "f", "esquec": "f", "dimentic": "f", "oblio": "f", "ingress": "i", "salida": "o", "saída": "o",
    "uscita": "o", "actualiz": "z", "atualiz": "z", "aggiorn": "z", "reinic": "r",
    "забы": "f", "вход": "i", "выход": "o", "кандидат": "g", "обнов": "z", "сброс": "r",
    "zapom": "f", "wejś": "i", "wyjś": "o", "kandydat": "g",
}  # fmt: skip
GATE_LETTERS = {letter for names in GATE_NAMES.values() for letters in names.values() for letter in letters}
ROLES = {  # words in the head of a column → our letter, marked as such
    r"recurrent|hidden|state|循环|循環|隐藏|隱藏|순환|은닉|이전 상태|再帰|隠れ|回帰|rekur|récur|ricorr|recorr|"
    r"рекуррент|скрыт|verdeckt|zustand": "@W",
    r"input|输入|輸入|입력|入力|eingang|eingabe|entrée|entrada|ingresso|вход|wejści": "@U",
    r"bias|偏置|threshold|biais|편향|바이어스|バイアス|sesgo|viés|смещени|polariz": "@b",
}
_UNIT = (
    r"(?:words?|letters?|characters?|tokens?|symbols?|Wort|Zeichen|Buchstabe|mot|lettre|caractère|palabra|letra|palavra|"
    r"parola|lettera|слово|буква|символ|単語|文字|단어|문자|글자)"
)
WORDS = {
    rf"(?:next|following|target|desired|correct|predicted)\s*{_UNIT}|(?:{_UNIT} )?to (?:be )?predict(?:ed)?|"
    r"下一个?(?:单?词|字符|字母?)|(?:要|待|应|需)?预测的?(?:单?词|字符|字母?)|"
    rf"(?:nächstes|folgendes|(?:zu )?vorher\w*sagendes) {_UNIT}|Ziel(?:wort|zeichen)|"
    rf"{_UNIT} (?:suivante?|cible|à prédire)|(?:siguiente|próxima) {_UNIT}|(?:следующ\w+|предсказываем\w+) {_UNIT}|"
    rf"{_UNIT} (?:siguiente|objetivo|a predecir|seguinte|a prever|alvo|successiv[ao]|da prevedere|da predire)|"
    rf"(?:次の|予測する|正解の){_UNIT}|(?:다음|예측할|정답) ?{_UNIT}": "targets",
    rf"(?:input|current|present|observed)\s*{_UNIT}|{_UNIT}|输入的?(?:单?词|字符|字母)|Eingabe(?:wort|zeichen)|"
    rf"(?:aktuelles|gelesenes) {_UNIT}|{_UNIT} (?:courante?|lue?|actual|leíd[ao]|atual|lid[ao]|corrente)|"
    rf"{_UNIT} (?:d['’]entrée|de entrada|in ingresso|di ingresso)|"
    rf"(?:входн\w+|текущ\w+) {_UNIT}|(?:入力|現在の){_UNIT}|(?:입력|현재) ?{_UNIT}": "letter",
    r"(?:目标|标签|期望)(?:值|输出)?|(?:target|label|desired|ziel|cible)\s*(?:output|value)?s?": "targets",
    r"(?:(?:target|correct|true|desired|right|gold)\s*)?(?:class|label|tag|category)(?:es|s)?(?:\s*(?:index|number|id))?|"
    r"(?:正确|真实|目标)?的?(?:类别?|标签)(?:编号|标签)?": "targets",
    r"(?:输入|input|eingabe|entrée)(?:\s*(?:vector|向量))?": "@x",
    r"字符|字母|词|单词": "letter",
}


def codes_words(header: list[str]) -> bool:
    """Whether a table has a row a word: the word, and its embedding or its code, in one column or in several."""
    first, *others = (head.strip(f"$ {BREAK}") for head in header)
    whole = len(others) == 1 and _CODE.fullmatch(others[0])
    return bool(_WORD.fullmatch(first) and (whole or (others and all(map(_ENTRY.fullmatch, others)))))


def symbol_of(text: str) -> Symbol | None:
    """The name that heads a column: h_t, target d_t, 标签."""
    whole, text = text, text.strip(f"$ {BREAK}")
    if (len(text) > 2 or not text.isascii()) and (
        said := next((word for words, word in WORDS.items() if re.fullmatch(words, text, re.I)), "")
    ):
        return Symbol(said, (), text)
    with_letter = re.fullmatch(rf"([^\W\d_]{{2,}}(?: [^\W\d_]{{2,}})?)[ ${BREAK}]{{1,4}}[^\W\d_][\u0302\u0303]?", text)
    if with_letter and (
        said := next((w for words, w in WORDS.items() if re.fullmatch(words, with_letter[1], re.I)), "")
    ):
        return Symbol(said, (), text)  # target y, input x
    name = symbols.read(text, 0)
    if name and re.fullmatch(rf"[\s${BREAK}]*(?:[(（][^()（）]*[)）]|,.*)?", text[name[1] :]):  # p_t (transposed)
        return name[0]
    marked = [piece for piece in whole.split(BREAK)[1::2] if piece.strip()]
    if len(marked) == 1 and (name := symbols.read(marked[0].strip(), 0)) and not marked[0].strip()[name[1] :]:
        return name[0]  # 输入权重 $U$
    for place in re.finditer(r"(?<![\w\u0300-\u036f])(?=[^\W\d_][\u0300-\u036f]?\w{0,8}[_^<\[(]\{?\(?<?t)", text):
        name = symbols.read(text, place.start())
        if _FORMULA.search(text, 0, place.start()):
            return None  # U x_t + W h_{t-1}
        if name and not text[name[1] :].strip(f" {BREAK})）"):
            return name[0]
    return None


def role_of(text: str) -> Symbol | None:
    """What a column calls its weights: input weights, recurrent weights, bias."""
    for words, role in ROLES.items():
        if re.search(words, text, re.IGNORECASE):
            return Symbol(role, (), text)
    return None


def weight_of(text: str) -> Symbol | None:
    """What a column of weights is called: by one letter among words of any language, 입력 가중치 w, else by words."""
    text = re.sub(r"_\{?[ ]?[*•·][ ]?\}?", "", text)  # U_*, of any gate
    places = re.finditer(r"(?<![^\W_])(?=[^\W\d_](?![^\W\d_]))", text) if has_words(text) else ()
    letters = [read[0] for place in places if (read := symbols.read(text, place.start()))]
    if len(letters) == 1 and letters[0].base.isascii() and letters[0].base not in "xXhs":
        name: Symbol | None = replace(letters[0], text=text)
    else:
        name = (role_of(text) if has_words(text) else None) or symbol_of(text)
    return replace(name, steps=GATE_STEPS) if name and name.base[0] not in "xXhs" else name


def has_words(text: str) -> bool:
    """Whether a word stands there, and not letters alone."""
    return re.search(r"[^\W\d_]{2}", text) is not None


def is_gate(text: str) -> bool:
    """Whether a row is called as a gate is, by a letter of one or by a word."""
    return gate_of(text).rstrip("\u0303") in GATE_LETTERS


def gate_of(text: str) -> str:
    """The letter of a gate."""
    text = text.strip(f"$ {BREAK}").strip("()（）")
    letter = re.search(r"\(\s*(\w[\u0303]?)(?:_t)?\s*\)", text)
    if letter:
        return letter[1]
    if re.fullmatch(r"[^\W\d_][\u0303]?(?:_t|_\{t\})?", text):
        return text[0]
    words = {**GATE_WORDS, **_GATE_WORDS_OF_OTHERS}
    named = next((letter for word, letter in words.items() if word in text.lower()), "")
    alone = re.findall(r"(?<![^\W_])[a-z]\u0303?(?![^\W_])", text)  # cand. g (tanh)
    return named or (alone[0] if len(alone) == 1 else "")


def is_word(head: str) -> bool:
    """Whether a column is called by a word that is no name of the field."""
    word = re.fullmatch(r"(?!(?:loss|error|hidden|state|output|pred))[^\W\d_]{3,}", head, re.IGNORECASE)
    of_the_field = any(re.fullmatch(words, head, re.IGNORECASE) for words in WORDS)  # Zielwort
    return (word is not None and not of_the_field) or (symbol_of(head) is None and not _COMPUTED.search(head))


def step_of(text: str) -> str | None:
    """The step of a row: 2, t = 2, day 2, 第 2 天（x_2）."""
    bare = re.fullmatch(r"(?:t\s*=\s*)?(-?\d{1,6})", text.strip(f"$ {BREAK}"))
    return bare[1] if bare else said_step(text)


def said_step(text: str) -> str | None:
    said = _STEP_WORDS.search(text)
    return next((part for part in said.groups() if part), None) if said else None


def layer_of(text: str) -> int | None:
    """The number of a layer in the first column."""
    bare = text.strip(f"$() {BREAK}")
    return int(bare) if re.fullmatch(r"[1-9]", bare) else layer_parts.numbered(text)
