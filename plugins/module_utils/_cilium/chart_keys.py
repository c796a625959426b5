# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first two levels of keys that Cilium's chart knows, by minor. Written by tools/chart_keys.py; do not edit.

A line is a key and the keys below it. :A-B are the minors of 1.x that know it, without it all of the table do; * says that anything may be below.
A minor knows what any of its releases does: some keys came or went between two of them.
"""

from __future__ import annotations

FIRST, LAST = 13, 20
TABLE = """
MTU *
affinity *
agent *
agentNotReadyTaintKey *
aksbyocni enabled
alibabacloud enabled nodeSpec:19-
annotateK8sNode *
annotations:15- *
apiRateLimit:15- *
authentication:14- enabled gcInterval mutual queueSize rotatedIdentitiesQueueSize
autoDirectNodeRoutes *
azure clientID clientSecret enabled nodeSpec:19- resourceGroup subscriptionID tenantID usePrimaryAddress userAssignedIdentityID
bandwidthManager bbr bbrHostNamespaceOnly:18- enabled
bgp:-16 announce enabled
bgpControlPlane enabled legacyOriginAttribute:18- routerIDAllocation:18- secretsNamespace:15- statusReport:17-
bpf authMapMax:14- autoMount:14- ctAccounting:17- ctAnyMax ctTcpMax datapathMode:16- disableExternalIPMitigation:16- distributedLRU:17- enableTCX:16-
  events:16- hostLegacyRouting lbAlgorithmAnnotation:17- lbExternalClusterIP lbMapMax lbModeAnnotation:17- lbSourceRangeAllTypes:17- mapDynamicSizeRatio
  masquerade maximum:19- minimum:19- monitorAggregation monitorFlags monitorInterval monitorTraceIPOption:19- natMax neighMax nodeMapMax:15- policyMapMax
  policyMapPressureMetricsThreshold:19- policyStatsMapMax:18- preallocateMaps ref root tproxy type:15- vlanBypass
bpfClockProbe *
certgen affinity:15- annotations:14- cronJob:19- enforceCAValidityThroughoutLeavesDuration:20- extraVolumeMounts extraVolumes generateCA:17- image
  nodeSelector:17- podLabels priorityClassName:17- ref resources:18- tolerations ttlSecondsAfterFinished type:19-
cgroup autoMount hostRoot
ciliumEndpointSlice:16- burst enabled enum:17-17 limit nodes rateLimits sliceMode:17-17
cleanBpfState *
cleanState *
cluster id name
clusterHealthPort
clustermesh annotations:15- apiserver cacheTTL:19- config defaultGlobalNamespace:20- disableKubernetesHostAliases:20- enableEndpointSliceSynchronization:16-
  enableMCSAPISupport:16-19 maxConnectedClusters:15- mcsapi:19- policyDefaultLocalCluster:18- useAPIServer
cni binPath chainingMode chainingTarget:14- confFileMountPath confPath configMap configMapKey customConf enableRouteMTUForCNIChaining:16- exclusive
  externalRouting:14- hostConfDirMountPath install iptablesRemoveAWSRules:18- logFile readCniConf resources:15- type:16- uninstall
commonLabels:17- *
config
configDriftDetection:19- driftChecker enabled ignoredKeys
connectivityProbeFrequencyRatio:18- *
conntrackGCInterval *
conntrackGCMaxInterval *
containerRuntime:-15 integration socketPath:-13
crdWaitTimeout *
customCalls:-18 enabled
daemon allowedConfigOverrides blockedConfigOverrides configSources enableSourceIPVerification:17- runPath type:16-
dashboards:14- annotations enabled label labelValue namespace type:16-
datapathPlugins:20- enabled stateDir
debug enabled metricsSamplingInterval:18- type:16- verbose
defaultLBServiceIPAM:17- *
devices *
directRoutingSkipUnreachable:16- *
disableEndpointCRD *
disableEnvoyVersionCheck
disableIptablesFeederRules
dnsPolicy *
dnsPolicyUnloadOnShutdown
dnsProxy dnsRejectResponseCode enableDnsCompression enableTransparentMode endpointMaxIpPerHostname idleConnectionGracePeriod maxDeferredConnectionDeletes
  minTtl preAllocateIdentities:18- preCache proxyPort proxyResponseMaxDelay socketLingerTimeout:14-
egressGateway enabled installRoutes:-15 maxPolicyEntries:14- reconciliationTriggerInterval:14-
egressMasqueradeInterfaces
emptyDir:19-
enableCiliumEndpointSlice:-17 *
enableCnpStatusUpdates:-14 *
enableCriticalPriorityClass *
enableIPv4BIGTCP:14- *
enableIPv4Masquerade *
enableIPv6BIGTCP *
enableIPv6Masquerade *
enableIdentityMark
enableInternalTrafficPolicy:17- *
enableK8sEndpointSlice:-18
enableK8sEventHandover:-14 *
enableK8sTerminatingEndpoint:-17 *
enableLBIPAM:17- *
enableMasqueradeRouteSource:15- *
enableNoServiceEndpointsRoutable:19- *
enableNonDefaultDenyPolicies:17- *
enableRuntimeDeviceDetection:-17 *
enableTunnelBIGTCP:19-19 *
enableXTSocketFallback *
encryption enabled interface:-15 ipsec keyFile:-15 mountPath:-15 nodeEncryption secretName:-15 strictMode:15- type wireguard ztunnel:19-
endpointHealthChecking enabled
endpointLockdownOnMapOverflow:17- *
endpointPolicyUpdateTimeoutDuration:19- *
endpointRoutes enabled type:16-
endpointStatus:-15 enabled status
eni awsEnablePrefixDelegation awsReleaseExcessIPs ec2APIEndpoint enabled eniTags gcInterval gcTags iamRole instanceTagsFilter nodeSpec:19- subnetIDsFilter
  subnetTagsFilter updateEC2AdapterLimitViaAPI:-17
enum:18-
envoy:14- affinity annotations:15- baseID:16- bootstrapConfigMap:17- clusterMaxConnections:19- clusterMaxPendingRequests:20- clusterMaxRequests:19-
  connectTimeoutSeconds debug:16- dnsPolicy enabled extraArgs extraContainers extraEnv extraHostPathMounts extraVolumeMounts extraVolumes healthPort
  httpRetryCount:17- httpUpstreamLingerTimeout:18- idleTimeoutDurationSeconds image initContainers:19- initialFetchTimeoutSeconds:16- livenessProbe log
  maxConcurrentRetries:17- maxConnectionDurationSeconds maxGlobalDownstreamConnections:19- maxRequestsPerConnection minReadySeconds:20- nodeLocality:20-
  nodeSelector oneOf:20- podAnnotations podLabels podSecurityContext policyRestoreTimeoutDuration:17- priorityClassName prometheus readinessProbe ref
  resources rollOutPods securityContext startupProbe streamIdleTimeoutDurationSeconds:18- terminationGracePeriodSeconds tolerations type:16- updateStrategy
  useOriginalSourceAddress:19- xdsMode:20- xffNumTrustedHopsL7PolicyEgress xffNumTrustedHopsL7PolicyIngress
envoyConfig enabled retryInterval:16- secretsNamespace
etcd affinity:-15 annotations:15-15 clusterDomain:-15 clusterSize:-15 enabled endpoints extraArgs:-15 extraVolumeMounts:-15 extraVolumes:-15 image:-15
  k8sService:-15 managed:-15 nodeSelector:-15 podAnnotations:-15 podDisruptionBudget:-15 podLabels:-15 podSecurityContext:-15 priorityClassName:-15 ref:-15
  resources:-15 securityContext:-15 ssl tolerations:-15 topologySpreadConstraints:-15 updateStrategy:-15
externalIPs:-17 enabled
externalWorkloads:-17 enabled
extraArgs *
extraConfig *
extraContainers *
extraEnv *
extraHostPathMounts *
extraInitContainers:16- *
extraVolumeMounts *
extraVolumes *
forceDeviceDetection:16- *
fragmentTracking
gatewayAPI enableAlpn:16- enableAppProtocol:16- enableProxyProtocol:16- enabled externalTrafficPolicy:16- gatewayClass:16- hostNetwork:16- ref:16-
  secretsNamespace type:20- useRemoteAddress:20- xffNumTrustedHops:16-
gke disableDefaultSnat enabled
hashSeed:16-
healthCheckICMPFailureThreshold:17- *
healthChecking *
healthPort *
highScaleIPcache:14-17 enabled
hostFirewall enabled
hostPort:-17 enabled
hostServices
hubble annotations:15- dropEventEmitter:16- enabled eventBufferCapacity eventQueueSize export:15- hostUsers:20- listenAddress lostEventSendInterval:19-
  metrics networkPolicyCorrelation:18- peerService preferIpv6 redact:15- relay skipUnknownCGroupIDs socketPath tls type:16- ui
identityAllocationMode *
identityChangeGracePeriod *
identityManagementMode:18- *
image digest override pullPolicy repository tag type:16- useDigest
imagePullSecrets *
ingressController default:14- defaultSecretName:14- defaultSecretNamespace:14- enableProxyProtocol:15- enabled enforceHttps hostNetwork:16-
  ingressLBAnnotationPrefixes loadbalancerMode secretsNamespace service type:16- useRemoteAddress:20- xffNumTrustedHops:20-
initResources *
installNoConntrackIptablesRules *
ipMasqAgent config enabled masqLinkLocal:-15 masqLinkLocalIPv6:14-15 nonMasqueradeCIDRs:-15
ipam ciliumNodeUpdateRate:14- installUplinkRoutesForDelegatedIPAM:17- mode multiPoolPreAllocation:17- nodeSpec:19- operator ref
iptablesLockTimeout
iptablesRandomFully *
ipv4 enabled
ipv4NativeRoutingCIDR *
ipv6 enabled
ipv6NativeRoutingCIDR *
k8s apiServerURLs:18- requireIPv4PodCIDR requireIPv6PodCIDR serviceProxyName type:20-
k8sClientExponentialBackoff:18- backoffBaseSeconds backoffMaxDurationSeconds enabled
k8sClientRateLimit:14- burst operator:17- qps type:16-
k8sClusterNetworkPolicy:20- enabled
k8sNetworkPolicy:14- enabled
k8sServiceHost *
k8sServiceHostRef:18- key name type
k8sServiceLookupConfigMapName:17- *
k8sServiceLookupNamespace:17- *
k8sServicePort *
keepDeprecatedLabels *
keepDeprecatedProbes *
kubeConfigPath *
kubeProxyReplacement *
kubeProxyReplacementHealthzBindAddr *
l2NeighDiscovery enabled refreshPeriod:-17
l2announcements:14- enabled leaseDuration leaseRenewDeadline leaseRetryPeriod
l2podAnnouncements:14- enabled interface:-19 interfacePattern:18-
l7Proxy *
labels
livenessProbe failureThreshold periodSeconds requireK8sConnectivity:16-
loadBalancer acceleration algorithm dsrDispatch experimental:17-17 l7 mode protocolDifferentiation:17-18 reflectorWaitTime:20- serviceTopology
  standalone:-19
localRedirectPolicies:18- addressMatcherCIDRs enabled type
localRedirectPolicy *
logOptions
logSystemLoad *
maglev hashSeed tableSize *
minReadySeconds:20- *
monitor enabled eventTypes resources
name *
namespaceOverride:17- *
nat:16- mapStatsEntries mapStatsInterval
nat46x64Gateway enabled
nativeRoutingCIDRFromClusterPool:20- *
nodeIPAM:16- enabled ref
nodeLabels:18-
nodePort addresses:16- autoProtectPortRange bindProtection directRoutingDevice enableDynamicSourceLookup:20- enableHealthCheck
  enableHealthCheckLoadBalancerIP:15- enabled:-18 range type:16-
nodeSelector *
nodeSelectorLabels:16- *
nodeinit affinity annotations:15- bootstrapFile enabled extraEnv extraVolumeMounts extraVolumes image minReadySeconds:20- nodeSelector podAnnotations
  podLabels podSecurityContext:15- prestop:14- priorityClassName reconfigureKubelet ref removeCbrBridge resources revertReconfigureKubelet securityContext
  startup:14- tolerations updateStrategy waitForCloudInit:19-
nonIdempotentAnnotations:19-
operator affinity annotations:15- dashboards:14- dnsPolicy enabled endpointGCInterval extraArgs extraEnv extraHostPathMounts extraVolumeMounts extraVolumes
  hostNetwork:16- hostUsers:20- identityGCInterval identityHeartbeatTimeout image nodeGCInterval nodeSelector podAnnotations podDisruptionBudget podLabels
  podSecurityContext pprof priorityClassName prometheus ref removeNodeTaints replicas resources rollOutPods runAsUser:16- securityContext
  setNodeNetworkStatus setNodeTaints:14- skipCNPStatusStartupClean:-15 skipCRDCreation tolerations topologySpreadConstraints type:16- unmanagedPodWatcher
  updateStrategy
pmtuDiscovery enabled packetizationLayerPMTUDMode:19-
podAnnotations *
podLabels *
podSecurityContext *
policyAuditMode
policyCIDRMatchMode:15- *
policyDenyResponse:19- *
policyEnforcementMode *
pprof address blockProfileRate:19- enabled mutexProfileFraction:19- port
preferIpv6:20- *
preflight affinity annotations:15- enabled envoy:18- extraEnv extraVolumeMounts extraVolumes image nodeSelector podAnnotations podDisruptionBudget podLabels
  podSecurityContext priorityClassName readinessProbe:16- ref resources securityContext terminationGracePeriodSeconds tofqdnsPreCache:-19 tolerations
  updateStrategy validateCNPs
priorityClassName *
prometheus controllerGroupMetrics:15- enabled metrics metricsService:17- port ref serviceMonitor type:16-
proxy:-15 prometheus sidecarImageRegex
rbac create
readinessProbe failureThreshold periodSeconds
ref
remoteNodeIdentity:-15 *
resourceQuotas cilium enabled operator
resources *
rollOutCiliumPods *
routingMode:14- *
scheduling:17- enum mode
sctp enabled
secretsNamespaceAnnotations:18- *
secretsNamespaceLabels:19- *
securityContext *
serviceAccounts cilium clustermeshApiserver clustermeshcertgen corednsMCSAPI:19- envoy:14- etcd:-15 hubblecertgen nodeinit operator preflight relay ui
  ztunnel:19-
serviceNoBackendResponse:15- *
sessionAffinity:-18
sleepAfterInit *
socketLB enabled hostNamespaceOnly terminatePodConnections:16- tracing:16-
sockops:-13 enabled
standaloneDnsProxy:19- annotations automountServiceAccountToken debug enabled image minReadySeconds:20- nodeSelector rollOutPods serverPort tolerations
  updateStrategy
startupProbe failureThreshold periodSeconds
svcSourceRangeCheck:-18 *
synchronizeK8sNodes *
sysctlfix:14- enabled
tableSize:16-
terminationGracePeriodSeconds *
tls ca caBundle:14- readSecretsOnlyFromSecretsNamespace:17- secretSync:17- secretsBackend secretsNamespace:17- type:17-
tmpVolume:19- *
tolerations *
tunnel:-14 *
tunnelPort *
tunnelProtocol:14- *
tunnelSourcePortRange:17- *
type:16-
underlayProtocol:18- *
updateStrategy *
upgradeCompatibility *
vtep cidr enabled endpoint mac mask
waitForKubeProxy *
wellKnownIdentities enabled
"""
