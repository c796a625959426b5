# Every target makes its tools first (tools/setup.py; at once when they are there). `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help

USE := . .work/env &&
LAB := inventories/lab$(addprefix -,$(filter-out kpr,$(KPR_LAB_NAME)))
PLAY := $(USE) ansible-playbook -i $(LAB)

##@ Use
help: ## show this list
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
	@printf '\nMore options for ansible-playbook: make migrate ARGS="--check --diff". Lab settings: KPR_LAB_*, see python3 -m lab settings.\n'

setup: ## make the virtual environment and the collections path
	@command -v python3 >/dev/null || { apt-get -q update && apt-get -q -y install python3 python3-venv; }
	@python3 tools/setup.py

demo: lab-up ## lab up, then migrate it from kube-proxy to Cilium under traffic
	$(PLAY) playbooks/migrate.yml -e kpr_traffic=true $(ARGS)

lab-up: setup ## start a real kubeadm cluster on this machine
	$(USE) python3 -m lab up

lab-down: setup ## take it away again
	$(USE) python3 -m lab down

migrate: setup has-lab ## migrate the lab
	$(PLAY) playbooks/migrate.yml $(ARGS)

rollback: setup has-lab ## give the lab back to kube-proxy
	$(PLAY) playbooks/rollback.yml $(ARGS)

verify: setup has-lab ## prove what the lab's nodes and Services do now
	$(PLAY) playbooks/verify.yml $(ARGS)

diagnose: setup has-lab ## say why a Service does not answer: make diagnose ARGS="-e kpr_service=demo/web"
	$(PLAY) playbooks/diagnose.yml $(ARGS)

has-lab:
	@test -e $(LAB) || { echo "There is no lab here ($(LAB) is missing). Start one: make lab-up" >&2; exit 1; }

##@ Develop
test: setup ## everything that CI runs: unit, plays, browser, lint, sanity, molecule, faults
	$(USE) python3 tools/check.py unit plays browser lint sanity then molecule faults

unit: setup ## unit tests; options: make unit ARGS="-k kernel -x"
	$(USE) pytest -o cache_dir=.work/pytest --junitxml=.work/results/unit.xml -m "not browser" -n auto --dist worksteal tests/unit $(ARGS)

plays: setup ## playbooks and roles as ansible-playbook runs them, on stand-ins (five minutes)
	$(USE) pytest -o cache_dir=.work/pytest --junitxml=.work/results/plays.xml -n auto --dist worksteal tests/plays $(ARGS)

browser: setup ## the report in a real browser, which is installed where there is none (half a minute)
	@python3 tools/setup.py browser
	$(USE) pytest -o cache_dir=.work/pytest --junitxml=.work/results/browser.xml -m browser tests/unit/plugins/module_utils/_report $(ARGS)

lint: setup ## ansible-lint, roles' interfaces, changelog, package, site
	$(USE) python3 tools/lint.py

sanity: setup ## ansible-test sanity and units
	$(USE) python3 tools/sanity.py $(ARGS)

faults: setup ## three telling faults of those in test-faults, on a lab of its own (a quarter of an hour)
	$(USE) pytest -v -s --junitxml=.work/results/faults.xml -m ci tests/faults $(ARGS)

test-faults: setup ## what goes wrong in the field, on a lab of its own (three hours)
	$(USE) pytest -v -s tests/faults $(ARGS)

test-rules: setup ## the clean-up on what the real kube-proxy made, in each of its modes, on a lab of its own (ten minutes)
	$(USE) pytest -v -s tests/rules $(ARGS)

test-nossh: setup ## there and back through the API alone, with SSH switched off, on a lab of its own (ten minutes)
	$(USE) pytest -v -s tests/nossh $(ARGS)

test-bootstrap: setup ## a fresh cluster of three control planes, on a lab of its own (ten minutes)
	$(USE) pytest -v -s tests/bootstrap $(ARGS)

test-planes: setup ## there and back with three control planes, on a lab of its own (twenty minutes)
	$(USE) pytest -v -s tests/planes $(ARGS)

test-fleet: setup ## two clusters in one run, of which one fails, on two labs (ten minutes)
	$(USE) pytest -v -s tests/fleet $(ARGS)

test-ee: setup ## build the execution environment, then there and back in it as AWX runs it, on a lab of its own (ten minutes)
	$(USE) pytest -v -s tests/ee $(ARGS)

conformance: setup ## the Kubernetes project's own tests of Services before, in the middle of and after a migration, on a lab of its own (an hour); fewer: make conformance ARGS="--focus 'session affinity'"
	$(USE) pytest -v -s tests/conformance $(ARGS)

bench-cleanup: setup ## time the clean-up against other ways, side by side; shorter: make bench-cleanup ARGS="--sizes 1000 --repeat 1"
	$(USE) python3 -m bench.cleanup $(ARGS)

bench-services: setup ## the benchmark before and after a migration, on a lab of its own (40 minutes); shorter: make bench-services ARGS="--services 10,1000 --rounds 3"
	$(USE) python3 -m bench.services $(ARGS)

docs: setup ## write the pages of docs/ that are made from data
	$(USE) python3 -m tools.document

site: setup ## the documentation as a site: guides, and a page for each module, plugin and role (needs Python 3.12 or later)
	$(USE) python3 tools/site.py

molecule: setup ## the scenarios, on the lab
	$(USE) molecule test --all

clean: ## remove what was generated in the checkout (the lab: make lab-down)
	rm -rf .work .cache .ansible tests/output .hypothesis

.PHONY: help setup has-lab demo lab-up lab-down migrate rollback verify diagnose test unit plays browser lint sanity docs site molecule faults test-faults test-rules test-nossh test-bootstrap test-planes test-fleet test-ee conformance bench-cleanup bench-services clean
