// The controllers that a rollout needs, as Kubernetes has them (Deployment, ReplicaSet, StatefulSet), and in the place of nodes
// something that says of each pod that it is ready, unless its image is named broken. For deploy_test.sh.
package main

import (
	"context"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/statefulset"
)

const workers = 2

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func isBroken(pod *v1.Pod) bool { return strings.Contains(pod.Spec.Containers[0].Image, "broken") }

// As a kubelet would: running, and ready where it can be.
func run(ctx context.Context, client kubernetes.Interface, pod *v1.Pod) {
	if pod.Status.Phase == v1.PodRunning || pod.DeletionTimestamp != nil {
		return
	}
	ready := v1.ConditionTrue
	if isBroken(pod) {
		ready = v1.ConditionFalse
	}
	now := metav1.Now()
	status := pod.DeepCopy()
	status.Status.Phase = v1.PodRunning
	status.Status.StartTime = &now
	status.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: ready, LastTransitionTime: now}}
	_, _ = client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, status, metav1.UpdateOptions{})
}

func main() {
	ctx := klog.NewContext(context.Background(), klog.Background())
	config := must(clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig())
	config.QPS, config.Burst = 500, 500
	client := kubernetes.NewForConfigOrDie(config)
	shared := informers.NewSharedInformerFactory(client, 0)
	apps, pods := shared.Apps().V1(), shared.Core().V1().Pods()
	deployments := must(deployment.NewDeploymentController(ctx, apps.Deployments(), apps.ReplicaSets(), pods, client))
	replicas := replicaset.NewReplicaSetController(ctx, apps.ReplicaSets(), pods, client, replicaset.BurstReplicas)
	stateful := statefulset.NewStatefulSetController(ctx, pods, apps.StatefulSets(),
		shared.Core().V1().PersistentVolumeClaims(), apps.ControllerRevisions(), client)
	lister := pods.Lister()
	shared.Start(ctx.Done())
	go deployments.Run(ctx, workers)
	go replicas.Run(ctx, workers)
	go stateful.Run(ctx, workers)
	for ; ; time.Sleep(100 * time.Millisecond) {
		for _, pod := range must(lister.List(labels.Everything())) {
			run(ctx, client, pod)
		}
	}
}
