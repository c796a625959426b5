# Every target makes its tools first (tools/setup.py; at once when they are there). `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help

USE := . .work/env &&
LAB := -i inventories/lab

##@ Use
help: ## show this list
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@printf '\nMore options for ansible-playbook: make migrate ARGS="--check --diff". Lab settings: KPR_LAB_*, see python3 -m lab settings.\n'

setup: ## make the virtual environment and the collections path
	@command -v python3 >/dev/null || { apt-get -q update && apt-get -q -y install python3 python3-venv; }
	@python3 tools/setup.py

demo: lab-up ## lab up, then migrate it from kube-proxy to Cilium under traffic
	$(USE) ansible-playbook $(LAB) playbooks/migrate.yml -e kpr_traffic=true $(ARGS)

lab-up: setup ## start a real kubeadm cluster on this machine
	$(USE) python3 -m lab up

lab-down: setup ## take it away again
	$(USE) python3 -m lab down

migrate: setup ## migrate the lab
	$(USE) ansible-playbook $(LAB) playbooks/migrate.yml $(ARGS)

rollback: setup ## give the lab back to kube-proxy
	$(USE) ansible-playbook $(LAB) playbooks/rollback.yml $(ARGS)

verify: setup ## prove what the lab's nodes and Services do now
	$(USE) ansible-playbook $(LAB) playbooks/verify.yml $(ARGS)

##@ Develop
test: setup ## everything: unit, lint, sanity, molecule
	$(USE) python3 tools/check.py unit lint sanity molecule

unit: setup ## unit tests; options: make unit ARGS="-k kernel -x"
	$(USE) pytest --junitxml=.work/results/unit.xml $(ARGS)

lint: setup ## ansible-lint, roles' interfaces, changelog, package
	$(USE) python3 tools/lint.py

sanity: setup ## ansible-test sanity and units
	$(USE) python3 tools/sanity.py $(ARGS)

molecule: setup ## the scenarios, on the lab
	$(USE) molecule test --all

clean: ## remove what was generated in the checkout (the lab: make lab-down)
	rm -rf .work .cache .ansible tests/output .hypothesis

.PHONY: help setup demo lab-up lab-down migrate rollback verify test unit lint sanity molecule clean
