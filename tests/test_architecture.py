"""Les règles de la maison que ni ruff ni import-linter ne voient, lues dans l'arbre syntaxique."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import CASCADE, PROTECT, ForeignKey, Model

RACINE = Path(__file__).resolve().parents[1]
APPS = ("portail", "comptes", "factures", "paiement_tipi", "contact")
MODULES = sorted(
    chemin.relative_to(RACINE)
    for app in APPS
    for chemin in (RACINE / app).rglob("*.py")
    if "migrations" not in chemin.parts
)
LIGNES_PAR_MODULE, LIGNES_PAR_FONCTION = 250, 40

ECRITURES = {
    "save", "create", "update", "delete", "get_or_create", "update_or_create", "bulk_create", "bulk_update",
    "aupdate", "acreate", "adelete", "asave", "set_password",
}  # fmt: skip
VUES_ET_FORMULAIRES = [
    m for m in MODULES if {*m.parent.parts, m.stem} & {"views", "forms", "admin", "gestion"} and m.name != "__init__.py"
]
IMPORTS_TARDIFS = {
    "comptes/apps.py": ["ready"],
    "contact/apps.py": ["ready"],
    "factures/apps.py": ["ready"],
    "paiement_tipi/apps.py": ["ready"],
    "portail/apps.py": ["ready"],
    "portail/documents.py": ["_moteur"],
}


@cache
def arbre(module: Path) -> list[ast.AST]:
    """Tous les nœuds d'un module."""
    return list(ast.walk(ast.parse((RACINE / module).read_text("utf-8"))))


def fautes(regle: Callable[[Path], list[str]], modules: list[Path] = MODULES) -> dict[str, list[str]]:
    """Ce que la règle trouve à redire, par module."""
    return {str(module): trouvees for module in modules if (trouvees := regle(module))}


def fonctions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in arbre(module) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def appels(module: Path) -> Iterator[ast.expr]:
    return (n.func for n in arbre(module) if isinstance(n, ast.Call))


def test_les_regles_lisent_bien_tous_les_modules():
    assert len(MODULES) > 60
    lus = {str(m) for m in VUES_ET_FORMULAIRES}
    assert lus >= {"comptes/admin/actes.py", "factures/admin/actes.py", "factures/forms.py", "portail/gestion/site.py"}
    vues = [m for m in MODULES if "views" in {*m.parent.parts, m.stem} and m.name != "__init__.py"]
    assert lus >= {str(m) for m in vues}


def test_ni_une_vue_ni_un_formulaire_n_ecrit_en_base():
    def ecritures(module):
        return [ast.unparse(f) for f in appels(module) if isinstance(f, ast.Attribute) and f.attr in ECRITURES]

    assert fautes(ecritures, VUES_ET_FORMULAIRES) == {}
    assert fautes(ecritures, [Path("factures/services/reglements.py")]) != {}  # la règle voit bien une écriture


def test_aucun_montant_ne_passe_par_un_flottant():
    def flottants(module):
        return [ast.unparse(f) for f in appels(module) if isinstance(f, ast.Name) and f.id in {"float", "round"}]

    assert fautes(flottants, [m for m in MODULES if str(m) != "portail/couleurs.py"]) == {}


def test_aucun_import_n_est_cache_dans_une_fonction():
    def tardifs(module):
        noms = (
            f.name for f in fonctions(module) if any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(f))
        )
        return sorted(noms)

    assert fautes(tardifs) == IMPORTS_TARDIFS


def test_un_module_tient_en_250_lignes_et_une_fonction_en_40():
    def longue(module):
        lignes = (RACINE / module).read_text("utf-8").splitlines()
        trop = [f.name for f in fonctions(module) if f.end_lineno - f.lineno >= LIGNES_PAR_FONCTION]
        return [*trop, *([f"{len(lignes)} lignes"] if len(lignes) > LIGNES_PAR_MODULE else [])]

    assert fautes(longue) == {}


def test_aucun_signal_ne_porte_de_metier():
    def signaux(module):
        importes = (n for n in arbre(module) if isinstance(n, ast.ImportFrom))
        return [
            n.module for n in importes if (n.module or "").startswith(("django.db.models.signals", "django.dispatch"))
        ]

    # post_migrate seul : poser les déclencheurs des tables où l'on ne fait qu'ajouter.
    assert fautes(signaux) == {"portail/apps.py": ["django.db.models.signals"]}


def nos_modeles() -> list[type[Model]]:
    return [modele for app in APPS for modele in apps.get_app_config(app).get_models()]


# Les modèles qui ne sont à aucune commune : la commune elle-même, le compte (un par adresse), l'horloge.
SANS_COLLECTIVITE = {"CoupurePayfip", "Collectivite", "Usager", "Tic", "Sceau", "Compteur"}
# Ce qui disparaît avec son propriétaire sans avoir porté d'argent.
CASCADES = {
    "CodeActivation.redevable", "Activation.code",
    "Hote.collectivite", "Affectation.usager", "Affectation.collectivite", "Rattachement.usager",
    "LigneFacture.facture", "Declaration.facture", "Declaration.usager", "Ecart.declaration",
    "Consultation.facture", "Consultation.usager",
    "Visite.agent", "Visite.usager",
    "Message.demande", "PieceJointe.message",  # la rétention efface une demande entière, avec son fil
    "Copie.usager", "DemandeAdresse.usager", "LectureDAnnonce.usager", "Session.usager", "Session.collectivite",
}  # fmt: skip


def test_chaque_ligne_porte_sa_commune():
    sans = {m.__name__ for m in nos_modeles() if "collectivite" not in {c.name for c in m._meta.get_fields()}}
    assert sans == SANS_COLLECTIVITE
    facultatives = {
        m.__name__
        for m in nos_modeles()
        if m.__name__ not in SANS_COLLECTIVITE and m._meta.get_field("collectivite").null
    }
    assert facultatives == {"Journal", "Session"}  # un fait, une visite anonyme peuvent ne concerner aucune commune


def test_ce_qui_a_porte_de_l_argent_ne_s_efface_pas_en_cascade():
    cles = {
        f"{modele.__name__}.{champ.name}": champ.remote_field.on_delete
        for modele in nos_modeles()
        for champ in modele._meta.local_fields
        if isinstance(champ, ForeignKey)
    }
    assert set(cles.values()) == {PROTECT, CASCADE}
    assert {nom for nom, sort in cles.items() if sort is CASCADE} == CASCADES


def test_les_montants_et_les_cles_sont_des_entiers_longs():
    cles = {modele._meta.pk.get_internal_type() for modele in nos_modeles()}
    assert cles == {"BigAutoField", "CharField"}
    assert [m.__name__ for m in nos_modeles() if m._meta.pk.get_internal_type() == "CharField"] == ["Session"]
    decimaux = [
        f"{m.__name__}.{c.name}"
        for m in nos_modeles()
        for c in m._meta.local_fields
        if c.get_internal_type() in {"DecimalField", "FloatField"}
    ]
    assert decimaux == []


@pytest.mark.sqlite
@pytest.mark.django_db
def test_les_migrations_disent_les_modeles_d_aujourd_hui():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


FAUTES = [
    ("portail/views.py", "import factures.models\n", "Sens des dépendances entre apps BROKEN"),
    ("factures/services/cycle.py", "import factures.views\n", "Couches à l'intérieur d'une app BROKEN"),
    (
        "factures/imports/lignes.py",
        "import django\n",
        "Protocole, argent, imports et tableurs : Python pur, sans Django ni réseau BROKEN",
    ),
]


def test_import_linter_voit_les_fautes_qu_on_lui_plante(tmp_path):
    for app in APPS:
        shutil.copytree(RACINE / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(RACINE / "pyproject.toml", tmp_path)
    for module, faute, _ in FAUTES:
        chemin = tmp_path / module
        chemin.write_text(chemin.read_text("utf-8") + faute, "utf-8")
    commande = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    fait = subprocess.run(commande, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert fait.returncode == 1
    assert [phrase for _, _, phrase in FAUTES if phrase not in fait.stdout] == []
