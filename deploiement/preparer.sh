#!/usr/bin/env bash
# usage : deploiement/preparer.sh production|developpement
# Installe ce qui manque : paquets du système (seulement s'ils manquent), .venv, dépendances verrouillées. Ne demande rien.
set -euo pipefail
cd -P "$(dirname "$0")/.."
niveau=$1

# Interrompus, nous ne laissons pas pip continuer seul ; apt et dpkg, eux, doivent finir ce qu'ils ont commencé.
lie=(setpriv --pdeathsig TERM)

dire() { echo "$*" >&2; }
echouer() { dire "$*"; exit 1; }

convient() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

# Sans ce contrôle, un .venv déplacé ou laissé par un autre Python échouerait plus loin, de façon obscure.
venv_sain() {
    [ ! -e .venv/.en-cours ] && grep -qsF "$PWD/.venv/" .venv/bin/pip && convient .venv/bin/python \
        && .venv/bin/python -c 'import pip' 2>/dev/null || return 1
    local qui='import sys; print(sys.version, sys.base_prefix)'
    [ -z "${PYTHON:-}" ] || [ "$(.venv/bin/python -c "$qui")" = "$("$PYTHON" -c "$qui" 2>/dev/null)" ]
}

choisir_python() {
    local candidat
    for candidat in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if convient "$candidat"; then python=$candidat; return; fi
    done
    candidat=${PYTHON:-python3}
    local version
    version=$("$candidat" --version 2>/dev/null) || version=introuvable
    echouer "Il faut Python 3.11, 3.12 ou 3.13 ($candidat : $version) : indiquez-le, par exemple « make run PYTHON=python3.12 »."
}

# WeasyPrint charge ces bibliothèques par leur nom : on demande donc au chargeur lui-même, et non à dpkg.
bibliotheques_absentes() {
    "$python" - <<'FIN'
import ctypes, sys
PAQUETS = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz.so.0": "libharfbuzz0b",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libfontconfig.so.1": "libfontconfig1",
}
for bibliotheque, paquet in PAQUETS.items():
    try:
        ctypes.CDLL(bibliotheque)
    except OSError:
        print(paquet)
try:
    import ensurepip, venv
except ImportError:
    print("python{}.{}-venv".format(*sys.version_info))
FIN
}

paquets_absents() {
    bibliotheques_absentes
    [ "$niveau" = developpement ] || return 0
    command -v chromium >/dev/null || echo chromium
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || echo postgresql
}

installer_paquets() {
    local paquets=("$@") admin=()
    local phrase="Il manque des paquets du système : installez-les (apt-get install ${paquets[*]}), puis recommencez."
    command -v apt-get >/dev/null || echouer "$phrase"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || echouer "$phrase"
        admin=(sudo -n)
    fi
    dire "Installation des paquets du système : ${paquets[*]}…"
    # Seuls les programmes de PostgreSQL nous servent : ni grappe créée, ni serveur démarré sur cette machine.
    if [[ " ${paquets[*]} " == *" postgresql "* ]]; then
        local reglage=/etc/postgresql-common/createcluster.d/portail-factures.conf
        # shellcheck disable=SC2064 # les valeurs d'aujourd'hui
        trap "${admin[*]} rm -f $reglage" EXIT
        "${admin[@]}" sh -c "mkdir -p ${reglage%/*} && echo 'create_main_cluster = false' > $reglage"
    fi
    local apt=("${admin[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    "${apt[@]}" update </dev/null >/dev/null || dire "apt-get update a échoué : on essaie avec les listes présentes."
    "${apt[@]}" install -y --no-install-recommends "${paquets[@]}" </dev/null >/dev/null || echouer "$phrase"
    [ -z "$(paquets_absents)" ] || echouer "$phrase"
}

creer_venv() {
    dire "Création de .venv avec $("$python" --version)…"
    rm -rf .venv
    mkdir .venv && touch .venv/.en-cours
    "${lie[@]}" "$python" -m venv .venv
    rm .venv/.en-cours
}

# Le témoin n'est écrit qu'après la réussite ; .en-cours, lui, trahit une installation coupée, qu'on recommence à neuf.
installer_dependances() {
    local fichier=exigences/$niveau.txt somme
    somme=$(sha256sum < "$fichier")
    [ "$(cat ".venv/.exigences-$niveau" 2>/dev/null)" != "$somme" ] || return 0
    dire "Installation des dépendances verrouillées ($fichier)…"
    touch .venv/.en-cours
    "${lie[@]}" .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$fichier" >&2 \
        || echouer "Les dépendances n'ont pas pu être installées : voir le message de pip ci-dessus."
    echo "$somme" > ".venv/.exigences-$niveau"
    # developpement.txt contient production.txt (un test le tient) : « make run » n'a plus rien à installer.
    [ "$niveau" = production ] || sha256sum < exigences/production.txt > .venv/.exigences-production
    rm .venv/.en-cours
}

# Deux « make » lancés ensemble dans ce dossier passent ici l'un après l'autre.
exec 9< exigences
flock 9
python=.venv/bin/python
venv_sain || choisir_python
mapfile -t absents < <(paquets_absents)
[ ${#absents[@]} = 0 ] || installer_paquets "${absents[@]}"
venv_sain || creer_venv
installer_dependances
