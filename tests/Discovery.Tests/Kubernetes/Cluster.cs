namespace Narthex.Discovery.Tests.Kubernetes;

/// <summary>A small cluster with one of every case that targets are made of.</summary>
internal static class Cluster
{
    public const string Pods = "/api/v1/pods";
    public const string Services = "/api/v1/services";
    public const string Endpoints = "/api/v1/endpoints";
    public const string Nodes = "/api/v1/nodes";
    public const string Namespaces = "/api/v1/namespaces";
    public const string EndpointSlices = "/apis/discovery.k8s.io/v1/endpointslices";
    public const string Ingresses = "/apis/networking.k8s.io/v1/ingresses";
    public const string ReplicaSets = "/apis/apps/v1/replicasets";
    public const string Jobs = "/apis/batch/v1/jobs";

    public const string WebPod = """
        {"metadata":{"name":"web-1","namespace":"shop","uid":"u-1","labels":{"app.kubernetes.io/name":"web","empty":""},"annotations":{"a/b":"c","prometheus.io/scrape":"true"},
          "managedFields":[{"manager":"x"}],
          "ownerReferences":[{"apiVersion":"v1","kind":"Other","name":"o","uid":"1"},{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-abc","uid":"2","controller":true}]},
         "spec":{"nodeName":"node-1","containers":[
            {"name":"web","image":"web:1","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},{"containerPort":9100,"protocol":"TCP"}],"env":[{"name":"X","value":"secret"}]},
            {"name":"dns","image":"dns:2","ports":[{"name":"dns","containerPort":53,"protocol":"UDP"},{"name":"dns-tcp","containerPort":53,"protocol":"TCP"}]},
            {"name":"silent","image":"s:1"}],
          "initContainers":[{"name":"prepare","image":"p:1","ports":[{"name":"init","containerPort":7000,"protocol":"TCP"}]}]},
         "status":{"phase":"Running","podIP":"10.0.0.1","hostIP":"192.168.0.1","conditions":[{"type":"Initialized","status":"True"},{"type":"Ready","status":"True"}],
          "containerStatuses":[{"name":"web","containerID":"docker://web","state":{"running":{}}},{"name":"dns","containerID":"docker://dns"}],
          "initContainerStatuses":[{"name":"prepare","containerID":"docker://prepare"}]}}
        """;

    public static void Fill(FakeKubernetes kubernetes)
    {
        kubernetes.Put(Pods, WebPod);
        kubernetes.Put(Pods, """{"metadata":{"name":"pending","namespace":"shop"},"spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Pending"}}""");
        kubernetes.Put(Pods, """{"metadata":{"name":"v6","namespace":"other","ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"nightly-1","uid":"3","controller":true}]},"spec":{"nodeName":"node-2","containers":[{"name":"c","image":"i","ports":[{"containerPort":1,"protocol":"TCP"}]}]},"status":{"phase":"Running","podIP":"fd00::1"}}""");
        kubernetes.Put(ReplicaSets, """{"metadata":{"name":"web-abc","namespace":"shop","ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"4","controller":true}]}}""");
        kubernetes.Put(Jobs, """{"metadata":{"name":"nightly-1","namespace":"other","ownerReferences":[{"apiVersion":"batch/v1","kind":"CronJob","name":"nightly","uid":"5","controller":true}]}}""");
        kubernetes.Put(Nodes, """{"metadata":{"name":"node-1","labels":{"zone":"a"},"annotations":{"n":"1"}},"spec":{"providerID":"aws:///i-1"},"status":{"addresses":[{"type":"Hostname","address":"host-1"},{"type":"ExternalIP","address":"1.2.3.4"},{"type":"InternalIP","address":"192.168.0.1"},{"type":"InternalIP","address":"192.168.0.2"}],"conditions":[{"type":"Ready","status":"True"},{"type":"DiskPressure","status":"False"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}}""");
        kubernetes.Put(Nodes, """{"metadata":{"name":"node-2"},"status":{"addresses":[{"type":"Hostname","address":"host-2"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}}""");
        kubernetes.Put(Nodes, """{"metadata":{"name":"node-3"},"status":{}}""");
        kubernetes.Put(Namespaces, """{"metadata":{"name":"shop","labels":{"team":"red"},"annotations":{"cost":"1"}}}""");
        kubernetes.Put(Services, """{"metadata":{"name":"web","namespace":"shop","labels":{"svc":"1"},"annotations":{"x":"y"}},"spec":{"type":"ClusterIP","clusterIP":"10.9.0.1","ports":[{"name":"http","port":80,"protocol":"TCP"},{"name":"metrics","port":9100,"protocol":"TCP"}]}}""");
        kubernetes.Put(Services, """{"metadata":{"name":"outside","namespace":"shop"},"spec":{"type":"ExternalName","externalName":"example.org","ports":[{"port":80,"protocol":"TCP"}]}}""");
        kubernetes.Put(Services, """{"metadata":{"name":"balanced","namespace":"other"},"spec":{"type":"LoadBalancer","clusterIP":"10.9.0.2","loadBalancerIP":"5.5.5.5","ports":[{"port":443,"protocol":"TCP"}]},"status":{"loadBalancer":{"ingress":[{"hostname":"h"}]}}}""");
        kubernetes.Put(Services, """{"metadata":{"name":"dual","namespace":"other"},"spec":{"type":"ClusterIP","clusterIP":"10.9.0.3","ipFamilyPolicy":"PreferDualStack","ipFamilies":["IPv4","IPv6"],"ports":[{"port":1,"protocol":"TCP"}]}}""");
        kubernetes.Put(Endpoints, """{"metadata":{"name":"web","namespace":"shop","labels":{"e":"1"}},"subsets":[{"addresses":[{"ip":"10.0.0.1","nodeName":"node-1","hostname":"h1","targetRef":{"kind":"Pod","name":"web-1","namespace":"shop"}}],"notReadyAddresses":[{"ip":"10.0.0.7"},{"ip":"10.0.0.8","targetRef":{"kind":"Node","name":"node-1"}}],"ports":[{"name":"http","port":8080,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"TCP"}]}]}""");
        kubernetes.Put(Endpoints, """{"metadata":{"name":"alone","namespace":"other"},"subsets":[{"addresses":[{"ip":"fd00::9","targetRef":{"kind":"Pod","name":"nobody","namespace":"other"}}],"ports":[{"port":1,"protocol":"UDP"}]},{"addresses":[{"ip":"10.0.0.9"}]}]}""");
        kubernetes.Put(EndpointSlices, """{"metadata":{"name":"web-x","namespace":"shop","labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"h1","nodeName":"node-1","zone":"z1","deprecatedTopology":{"topology.kubernetes.io/zone":"z1"},"targetRef":{"kind":"Pod","name":"web-1","namespace":"shop"}},{"addresses":["10.0.0.7","10.0.0.8"],"conditions":{"ready":false}}],"ports":[{"name":"http","port":8080,"protocol":"TCP","appProtocol":"http"},{"name":"dns","port":53,"protocol":"UDP"}]}""");
        kubernetes.Put(EndpointSlices, """{"metadata":{"name":"dual-4","namespace":"other","labels":{"kubernetes.io/service-name":"dual"}},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.3"],"conditions":{}}],"ports":[{"name":"","protocol":"TCP","port":5}]}""");
        kubernetes.Put(Ingresses, """{"metadata":{"name":"front","namespace":"shop","labels":{"i":"1"}},"spec":{"ingressClassName":"nginx","tls":[{"hosts":["*.example.org","exact.org"]}],"rules":[{"host":"a.example.org","http":{"paths":[{"path":"/x"},{}]}},{"host":"a.b.example.org","http":{"paths":[{"path":"/y"}]}},{"host":"exact.org"},{"host":"plain.net","http":{"paths":[{"path":"/z"}]}}]}}""");
    }
}
