using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>Labels of an object itself, and of those that it belongs to.</summary>
internal sealed class MetadataLabels(IKubernetesLookup lookup, KubernetesMetadata attach)
{
    public const string Meta = "__meta_kubernetes_";

    public bool AttachesNodes => attach.Node;

    public JsonElement Find(KubernetesKind kind, string inNamespace, string name) => lookup.Find(kind, KubernetesObject.KeyOf(inNamespace, name));

    /// <summary>The object's name, labels and annotations, under the name of its role.</summary>
    public static void AddObject(LabelsBuilder labels, JsonElement item, string role)
    {
        labels.Set(Meta + role + "_name", item.Child("metadata").Text("name"));
        AddTags(labels, item, role);
    }

    /// <summary>Labels and annotations of the namespace, where that is asked for.</summary>
    public void AddNamespace(LabelsBuilder labels, string name)
    {
        if (attach.Namespace)
        {
            AddTags(labels, Find(KubernetesKind.Namespace, "", name), "namespace");
        }
    }

    /// <summary>Name, labels and annotations of a node, where that is asked for and the node is there.</summary>
    public void AddNode(LabelsBuilder labels, string name)
    {
        if (attach.Node && name.Length > 0 && Find(KubernetesKind.Node, "", name) is { ValueKind: JsonValueKind.Object } node)
        {
            AddObject(labels, node, "node");
        }
    }

    /// <summary>What every target that is a pod says about it.</summary>
    public void AddPod(LabelsBuilder labels, JsonElement pod)
    {
        JsonElement status = pod.Child("status");
        labels.Set(Meta + "pod_ip", status.Text("podIP"))
            .Set(Meta + "pod_ready", Ready(status))
            .Set(Meta + "pod_phase", status.Text("phase"))
            .Set(Meta + "pod_node_name", pod.Child("spec").Text("nodeName"))
            .Set(Meta + "pod_host_ip", status.Text("hostIP"))
            .Set(Meta + "pod_uid", pod.Child("metadata").Text("uid"));
        AddObject(labels, pod, "pod");
        JsonElement controller = ControllerOf(pod);
        string kind = controller.Text("kind");
        string name = controller.Text("name");
        labels.Set(Meta + "pod_controller_kind", kind).Set(Meta + "pod_controller_name", name);
        string inNamespace = pod.Child("metadata").Text("namespace");
        if (kind == "ReplicaSet" && attach.Deployment)
        {
            AddOwner(labels, Find(KubernetesKind.ReplicaSet, inNamespace, name), "Deployment", "pod_deployment_name");
        }
        else if (kind == "Job")
        {
            labels.Set(Meta + "pod_job_name", attach.Job ? name : "");
            if (attach.CronJob)
            {
                AddOwner(labels, Find(KubernetesKind.Job, inNamespace, name), "CronJob", "pod_cronjob_name");
            }
        }
    }

    private static void AddOwner(LabelsBuilder labels, JsonElement item, string kind, string label)
    {
        JsonElement owner = ControllerOf(item);
        labels.Set(Meta + label, owner.Text("kind") == kind ? owner.Text("name") : "");
    }

    private static JsonElement ControllerOf(JsonElement item) => item.Child("metadata").Items("ownerReferences")
        .FirstOrDefault(reference => reference.Child("controller").ValueKind == JsonValueKind.True);

    private static string Ready(JsonElement status)
    {
        JsonElement condition = status.Items("conditions").FirstOrDefault(condition => condition.Text("type") == "Ready");
        return condition.ValueKind == JsonValueKind.Object ? condition.Text("status").ToLowerInvariant() : "unknown";
    }

    private static void AddTags(LabelsBuilder labels, JsonElement item, string role)
    {
        Add(item.Child("metadata").Fields("labels"), "_label");
        Add(item.Child("metadata").Fields("annotations"), "_annotation");

        void Add(IEnumerable<JsonProperty> fields, string kind)
        {
            foreach (JsonProperty field in fields)
            {
                string name = MetaText.ToLabelName(field.Name);
                labels.Set($"{Meta}{role}{kind}_{name}", field.Value.AsText()).Set($"{Meta}{role}{kind}present_{name}", "true");
            }
        }
    }
}
