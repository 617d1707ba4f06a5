"""Tout ce qu'une personne lit passe par la traduction ; chaque langue annoncée a son catalogue entier."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

RACINE = Path(__file__).resolve().parents[1]
APPS = [config.name for config in apps.get_app_configs() if Path(config.path).parent == RACINE]
MODULES = sorted(
    chemin
    for app in APPS
    for chemin in (RACINE / app).rglob("*.py")
    # Les migrations recopient les modèles ; une commande parle à l'exploitant.
    if not {"migrations", "management", "simulateur"} & set(chemin.relative_to(RACINE).parts)
)
TRADUIRE = {"_", "gettext", "gettext_lazy", "pgettext", "pgettext_lazy", "ngettext", "ngettext_lazy"}
# Ce qui s'affiche : ces arguments nommés, et les arguments de ces appels.
ARGUMENTS = {
    *("verbose_name", "verbose_name_plural", "help_text", "label", "empty_label", "short_description", "description"),
    *("error_messages", "title", "site_header", "site_title", "index_title", "message"),
}
MESSAGES = {"debug", "info", "success", "warning", "error"}  # de django.contrib.messages
SOURCE = "fr"


def textes_nus(source: str) -> list[str]:
    """Les textes français que la source montre sans les traduire."""
    arbre = ast.parse(source)
    traduits = {id(n) for appel in _appels(arbre) if _nom(appel) in TRADUIRE for n in ast.walk(appel)}
    montres = (n for expression in _montrees(arbre) for n in ast.walk(expression))
    return [
        n.value
        for n in montres
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in traduits and _se_lit(n.value)
    ]


def _montrees(arbre: ast.AST) -> Iterator[ast.expr]:
    for appel in _appels(arbre):
        yield from (argument.value for argument in appel.keywords if argument.arg in ARGUMENTS)
        if _est_affichee(appel):
            yield from appel.args
    affectations = (n for n in ast.walk(arbre) if isinstance(n, ast.Assign))
    yield from (n.value for n in affectations if {c.id for c in n.targets if isinstance(c, ast.Name)} & ARGUMENTS)


def _appels(arbre: ast.AST) -> Iterator[ast.Call]:
    return (n for n in ast.walk(arbre) if isinstance(n, ast.Call))


def _nom(appel: ast.Call) -> str:
    return ast.unparse(appel.func)


def _est_affichee(appel: ast.Call) -> bool:
    """ValidationError, messages.success…, un champ de modèle ou de formulaire, l'entrée d'un TextChoices."""
    *_, module, nom = ("", *_nom(appel).split("."))
    return nom in {"ValidationError", "add_error"} or (module == "messages" and nom in MESSAGES) or _champ(module, nom)


def _champ(module: str, nom: str) -> bool:
    return module in {"models", "forms"} and nom.endswith("Field") and nom not in {"ForeignKey", "OneToOneField"}


def _se_lit(texte: str) -> bool:
    """Des mots, et non un code : « email », « %(numero)s », « a.b » n'en sont pas."""
    return re.search(r"[A-ZÀ-Ý]?[a-zà-ÿ]+[ '’]|[À-ÿ]|^[A-Z][a-z]+", re.sub(r"%\(\w+\)s", "", texte)) is not None


def test_les_modules_sont_bien_lus():
    assert len(MODULES) > 50
    assert "portail" in APPS


def test_aucun_texte_montre_n_echappe_a_la_traduction():
    nus = {str(m.relative_to(RACINE)): t for m in MODULES if (t := textes_nus(m.read_text("utf-8")))}
    assert nus == {}


@pytest.mark.parametrize(
    "source",
    [
        'models.CharField("Désignation", max_length=9)',
        'models.CharField(_("désignation"), help_text="Deux mots")',
        'forms.CharField(label="Adresse mail")',
        'raise ValidationError("Trop long.")',
        'raise forms.ValidationError({"nom": "Trop long."})',
        'messages.success(request, "C\'est noté.")',
        'messages.error(request, f"Refusé : {motif}")',
        'form.add_error("nom", "Trop long.")',
        'class A:\n    class Meta:\n        verbose_name = "Règlement"',
        'forms.CharField(error_messages={"required": "Écrivez un nom."})',
    ],
)
def test_un_texte_nu_est_vu(source):
    assert len(textes_nus(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        'models.CharField(_("désignation"), max_length=9, help_text=_("Deux mots"))',
        'raise ValidationError(gettext("Trop %(quoi)s.") % {"quoi": quoi})',
        'messages.success(request, _("C\'est noté."), extra_tags="merci")',
        'form.add_error("nom", _("Trop long."))',
        'raise ValueError("Une annulation a un motif.")',
        'models.CharField(choices=Etat, default="demarre")',
    ],
)
def test_un_texte_traduit_ou_technique_passe(source):
    assert textes_nus(source) == []


def sans_catalogue(langues: list[str], dossiers: list[Path]) -> list[str]:
    """Les langues annoncées, hors celle où le code est écrit, qui n'ont pas de catalogue compilé."""
    return [
        langue
        for langue in langues
        if langue != SOURCE
        and not any(
            (Path(dossier) / langue.replace("-", "_") / "LC_MESSAGES/django.mo").is_file() for dossier in dossiers
        )
    ]


def test_chaque_langue_annoncee_a_son_catalogue():
    assert sans_catalogue([code for code, _ in settings.LANGUAGES], settings.LOCALE_PATHS) == []


def test_une_langue_sans_catalogue_est_vue(tmp_path):
    (tmp_path / "oc/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "oc/LC_MESSAGES/django.mo").touch()
    assert sans_catalogue(["fr", "oc", "br"], [tmp_path]) == ["br"]


def test_le_francais_est_la_langue_du_code():
    assert settings.LANGUAGE_CODE == SOURCE
