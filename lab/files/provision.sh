#!/bin/sh
# Runs in a node before kubeadm. Parameters: iptables backend, sandbox image.
set -eu
backend=$1 sandbox_image=$2

mount --make-rshared /
mountpoint -q /sys/fs/bpf || mount -t bpf bpffs /sys/fs/bpf

for name in iptables ip6tables; do update-alternatives --set "$name" "/usr/sbin/$name-$backend" >/dev/null; done
for name in kubeadm kubelet crictl; do [ ! -e "/opt/lab/kubernetes/$name" ] || ln -sf "/opt/lab/kubernetes/$name" "/usr/bin/$name"; done
ln -sf /opt/lab/tools/kubectl /usr/bin/kubectl
mkdir -p /opt/cni/bin && cp /opt/lab/cni/* /opt/cni/bin/

sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 2>/dev/null || sysctl -qw net.ipv4.ip_forward=1

mkdir -p /etc/containerd
cat >/etc/containerd/config.toml <<EOF
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$sandbox_image"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
EOF
# containerd's own unit asks for limits that a container may not set
mkdir -p /etc/systemd/system/containerd.service.d
printf '[Service]\nLimitNOFILE=\nLimitNOFILE=20000\nLimitNPROC=\nLimitCORE=\nTasksMax=\nOOMScoreAdjust=\nExecStartPre=\n' \
  >/etc/systemd/system/containerd.service.d/lab.conf

cat >/etc/systemd/system/kubelet.service <<'EOF'
[Unit]
Description=kubelet
After=containerd.service
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
EOF

ssh-keygen -A >/dev/null
mkdir -p /run/sshd
systemctl daemon-reload
systemctl enable --quiet --now containerd ssh
systemctl enable --quiet kubelet
