"""The language that people read: English, or the catalogue chosen with `speak`."""

from __future__ import annotations

import errno
import gettext
import os
import re
from collections.abc import Mapping

LANGUAGES = ("en", "zh")
_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def _(message: str) -> str:
    """The message in the language that was chosen; names in braces are filled in afterwards with `.format`."""
    return _catalogue.gettext(message)


def N_(message: str) -> str:
    """Mark a message that is translated later, where it is shown."""
    return message


def os_error_reason(error: Exception) -> str:
    """Why the system refused a file, in that language where there is a word for it."""
    words = {
        errno.ENOENT: _("there is no such file"),
        errno.EISDIR: _("it is a folder"),
        errno.ENOTDIR: _("a part of its path is no folder"),
        errno.EACCES: _("it may not be opened"),
        errno.EPERM: _("it may not be opened"),
        errno.EROFS: _("nothing can be written there"),
        errno.ENOSPC: _("the disk is full"),
        errno.EBADF: _("it is closed"),
    }
    number = getattr(error, "errno", None)
    return words[number] if number in words else str(getattr(error, "strerror", None) or error)


def speak(language: str) -> None:
    """Choose the language ("en" or "zh") of every message from here on, in this process."""
    global _catalogue, _language
    _language = language
    if language == "en":  # the messages themselves: no catalogue to look for, which would load `locale`
        _catalogue = gettext.NullTranslations()
    else:
        _catalogue = gettext.translation("rnncalc", folder(), [language], fallback=True)


def folder() -> str:
    """Where the catalogues are."""
    return os.path.join(os.path.dirname(__file__), "locale")


def language() -> str:
    """The language that was chosen."""
    return _language


_WIDE = str.maketrans(",;:.", "，；：。")
_HAN = "[\u4e00-\u9fff”）]"
# not compiled before it is used: only Chinese needs it, and every command would wait for it
_NARROW = f"(?m)(?<={_HAN})[,;:](?: |$)|[,;:] (?={_HAN})|(?<=[。，；：]) (?={_HAN})|(?<={_HAN})[.]$|:$"


def full_width(text: str) -> str:
    """The text with full-width punctuation beside Chinese words; formulas, options and numbers keep theirs."""
    if _language != "zh" or not re.search(_HAN, text):
        return text
    return re.sub(_NARROW, lambda mark: mark[0].strip().translate(_WIDE), text.replace("。; ", "；"))


def of_locale(environment: Mapping[str, str] = os.environ) -> str:
    """The language that the environment asks for, by gettext's own rules of precedence."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for wish in environment.get(name, "").split(":"):
            for language in LANGUAGES:
                if wish.lower().startswith(language):
                    return language
            if wish:
                return "en"
    return "en"
