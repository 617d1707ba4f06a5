# Deux commandes suffisent : « make run » pour essayer, « make test » pour tout vérifier.
# Variables de make run : PORT, PORT_SIMULATEUR, DONNEES, SIMULATEUR_PILOTABLE, RAPPROCHEMENT_SECONDES, DATABASE_URL, PYTHON.

.DEFAULT_GOAL := aide
.PHONY: aide run test epreuves bench verrouiller propre
# Ils feraient lire au .venv les paquets d'un autre Python.
unexport PYTHONPATH PYTHONHOME

aide: ## cette aide
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: ## la démonstration complète, sur http://127.0.0.1:8000/ (Ctrl-C l'arrête)
	@deploiement/preparer.sh production
	@exec .venv/bin/python -m portail.lanceur --avec-le-parent

test: ## toutes les vérifications : style, types, couches, PostgreSQL, SQLite, navigateur
	@deploiement/preparer.sh developpement
	@exec .venv/bin/python tests/tout.py

epreuves: ## les longues épreuves, consignées dans docs/epreuves/ (AMPLEUR=25 fois l'échantillon de make test)
	@deploiement/preparer.sh developpement
	@exec env AMPLEUR=$${AMPLEUR:-25} .venv/bin/python tests/grappe.py .venv/bin/python -m pytest -m epreuve

bench: ## les mesures de bancs/, sur PostgreSQL
	@deploiement/preparer.sh developpement
	@exec .venv/bin/python tests/grappe.py .venv/bin/python -m bancs

VERROU = build/verrou/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header
verrouiller: ## recalcule exigences/*.txt d'après pyproject.toml (MAJ=--upgrade pour tout monter)
	@deploiement/preparer.sh production
	@.venv/bin/python -m venv --clear build/verrou && build/verrou/bin/pip install --quiet uv
	@$(VERROU) $(MAJ) -o exigences/production.txt
	@$(VERROU) $(MAJ) --extra developpement -c exigences/production.txt -o exigences/developpement.txt

propre: ## enlève .venv, build et les caches ; jamais les données de var/
	@rm -rf .venv build .*_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
