"""A real kubeadm cluster on one machine: the embedded default of the demo, of Molecule and of CI.

Standard library only, so that it runs with the system's Python before anything is installed.
"""
