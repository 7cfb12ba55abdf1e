"""Headers of tables of people, as learning platforms, forms and spreadsheets write them, in any of their languages.

Moodle, Canvas, Google Forms, Microsoft Forms, Blackboard, Excel; English, Chinese, German, French, Spanish, Portuguese,
Italian, Dutch, Polish, Russian, Japanese. A header is compared without case, blanks and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rnncalc.classroom.grading.people import Roster
from rnncalc.common.safe_text import identified

_ASKING = re.compile(  # how a form asks for it: 2. What is your student ID?
    r"\W*(?:\d{1,3}\s*[、.:)]\s*)?(?:(?:please )?(?:enter |give |type )?(?:what is )?(?:your|the) |(?:ihre?|deine?) |"
    r"votre |tu |su |(?:请)?(?:输入|填写)?(?:您|你)的)?",
)


def folded(text: str) -> str:
    """A header without case, forms of characters, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def bare(header: str) -> str:
    """A header without how a form asks for it."""
    text = unicodedata.normalize("NFKC", header).casefold()
    return folded(_ASKING.sub("", text, count=1)) or folded(text)


def words(text: str) -> tuple[str, ...]:
    """Words between bars, each as headers are compared."""
    return tuple(dict.fromkeys(folded(word) for word in text.split("|")))


# the university's number first, then what a platform calls a person, then addresses
IDS = words(
    "SIS User ID|student id|student number|student no|sid|id number|matriculation number|matrikelnummer|matrikel|"
    "matrikel-nr|matr.nr|matnr|matrnr|学号|學號|学生编号|学籍番号|考号|工号|numéro d'étudiant|n° étudiant|"
    "numéro étudiant|numéro d'identification|número de identificación|número de ID|número de matrícula|matrícula|"
    "legajo|número de identificação|número mecanográfico|numero di matricola|matricola|codice identificativo|"
    "studentnummer|numer albumu|nr albumu|номер студенческого билета|номер зачётки|id-nummer|"
    "идентификационный номер|индивидуальный номер|id|nr|编号|編號|用户编号|学生id|user id|userid|login id|"
    "SIS login id|username|user name|benutzername|anmeldename|kennung|nutzername|nom d'utilisateur|identifiant|"
    "nombre de usuario|usuario|nome utente|gebruikersnaam|用户名|账号|ユーザー名|логин|email|e-mail|email address|"
    "e-mail address|mail|e-mail-adresse|email-adresse|mailadresse|adresse de courriel|adresse e-mail|"
    "adresse électronique|courriel|correo electrónico|dirección de correo|dirección de correo electrónico|"
    "endereço de e-mail|endereço de email|indirizzo email|indirizzo e-mail|e-mailadres|adres e-mail|"
    "адрес электронной почты|электронная почта|邮箱|电子邮箱|电子邮件|电子邮件地址|邮箱地址|电邮地址|"
    "メールアドレス"
)
NAMES = words(
    "name|student|student name|full name|display name|姓名|名字|学生姓名|真实姓名|您的姓名|你的姓名|氏名|名前|"
    "vollständiger name|name, vorname|vor- und nachname|vorname nachname|nachname, vorname|nom complet|"
    "nom et prénom|nom prénom|nombre completo|nombre y apellidos|apellidos y nombre|nome completo|nome e cognome|"
    "volledige naam|naam|imię i nazwisko|фио|полное имя"
)
GIVEN = words("first name|given name|forename|vorname|prénom|nombre|nome|voornaam|imię|имя|名|first")
FAMILY = words(
    "last name|surname|family name|nachname|familienname|nom|nom de famille|apellido|apellidos|apellido(s)|"
    "sobrenome|cognome|achternaam|nazwisko|фамилия|姓|姓氏|last"
)
# when somebody was done comes before when they began
TIMES = words(
    "timestamp|zeitstempel|时间戳记|时间戳|horodateur|marca temporal|carimbo de data/hora|"
    "informazioni cronologiche|tijdstempel|sygnatura czasowa|отметка времени|タイムスタンプ|submitted|"
    "submitted at|submitted on|submission time|submission date|date submitted|last modified (submission)|"
    "time submitted|completed|completed on|completion time|finished|finished at|end time|beendet|abgeschlossen|"
    "abgegeben|abgabezeit|abgabezeitpunkt|fertigstellungszeit|zuletzt geändert (abgabe)|terminé|heure de fin|"
    "remis le|finalizado|finalizado el|hora de finalización|entregado|concluído|hora de conclusão|completato|"
    "ora di completamento|voltooid|voltooiingstijd|提交时间|提交日期|提交答卷时间|完成时间|完成於|完成于|结束时间|"
    "交卷时间|завершено|время завершения|time|date|datum|zeit|uhrzeit|时间|日期|date/time|datetime|created at|"
    "received|started on|start time|started|begonnen|begonnen am|startzeit|commencé le|comenzado el|iniciado em|"
    "iniziato|开始时间|开始於|开始于"
)
NOBODY = words(  # rows that a platform adds
    "overall average|class average|group average|average|mean|median|points possible|maximum points|max points|"
    "maximum|minimum|standard deviation|total|totals|test student|student, test|gesamtdurchschnitt|durchschnitt|"
    "klassendurchschnitt|mittelwert|erreichbare punkte|mögliche punkte|maximale punktzahl|punkte möglich|summe|"
    "moyenne générale|moyenne|points possibles|promedio general|promedio|puntos posibles|média geral|média|"
    "pontos possíveis|media complessiva|media|punti possibili|algemeen gemiddelde|gemiddelde|średnia ogólna|"
    "średnia|общее среднее|среднее|всего|平均|平均分|总平均|总平均分|總平均|全班平均|班级平均分|满分|可得分|"
    "最高分|最低分|合计|总计|全体平均"
)
COUNTED = words("id|nr|编号|編號")
OF_ANYTHING = words("nr|编号|編號")  # an exercise has one too


@dataclass(frozen=True)
class Who:
    """The columns that say who a row is: ids in the order in which they are looked at, a name or its parts, a time."""

    ids: tuple[int, ...]
    name: int | None
    given: int | None
    family: int | None
    time: int | None

    @property
    def named(self) -> frozenset[int]:
        """The columns of names."""
        return frozenset(at for at in (self.name, self.given, self.family) if at is not None)

    def called(self, texts: list[str]) -> str:
        """Somebody's name."""
        if self.name is not None and texts[self.name]:
            return texts[self.name]
        parts = [texts[at] for at in (self.given, self.family) if at is not None and texts[at]]
        if parts and all(unicodedata.east_asian_width(part[0]) == "W" for part in parts):
            return "".join(reversed(parts))
        return " ".join(parts)


def who(labels: Iterable[str]) -> Who:
    """The columns of people among these headers."""
    known = [bare(label) for label in labels]
    ids = [known.index(word) for word in IDS if word in known]
    time = _first(known, TIMES)
    if time is not None and len(ids) > 1:  # a form numbers what comes in, and calls that ID
        ids.sort(key=lambda at: known[at] in COUNTED)
    given, family, name = _first(known, GIVEN), _first(known, FAMILY), _first(known, NAMES)
    if name is None and (given is None) != (family is None):  # one part alone is the whole name
        name, given, family = given if family is None else family, None, None
    if name is not None and known[name] == "name" and given is not None and family is None:
        name, family = None, name  # German: Name, Vorname
    return Who(tuple(ids), name, given, family, time)


def _first(known: list[str], words: tuple[str, ...]) -> int | None:
    return next((known.index(word) for word in words if word in known), None)


def is_test(text: str) -> bool:
    """Whether a name is that of the student whom Canvas invents for a teacher's view; it has ids."""
    return folded(text) in ("studenttest", "teststudent")


def is_nobody(text: str) -> bool:
    """Whether a cell of names or ids says that its row is no person: Moodle's averages, Canvas' points possible."""
    word = folded(text)
    return word in NOBODY or word.startswith(("groupaverage", "gruppendurchschnitt"))


def of_persons(who: Who, labels: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> Who:
    """Without the columns that number something else, such as exercises: most of their numbers have several names."""

    def numbers_others(at: int) -> bool:
        names: dict[str, set[str]] = {}
        for _line, row in rows:
            if row[at] and (name := who.called(row)):
                names.setdefault(row[at], set()).add(name)
        return 2 * sum(len(several) > 1 for several in names.values()) > len(names)

    doubtful = [at for at in who.ids if bare(labels[at]) in OF_ANYTHING and numbers_others(at)]
    return replace(who, ids=tuple(at for at in who.ids if at not in doubtful))


def filled(who: Who, labels: Sequence[str], rows: Sequence[tuple[int, list[str]]], roster: Roster | None) -> Who:
    """The columns of ids, the one first that the roster knows, or that is filled in for most."""

    def worth(at: int) -> tuple[int, bool]:
        texts = [row[at] for _line, row in rows]
        known = sum(roster.find(identified(text)) is not None for text in texts) if roster else 0
        return known, 2 * sum(map(bool, texts)) >= len(texts)

    who = of_persons(who, labels, rows)
    return replace(who, ids=tuple(sorted(who.ids, key=worth, reverse=True)))
