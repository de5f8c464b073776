using CtfService.TestSupport.Deployment;
using k8s;
using k8s.Models;

namespace CtfService.Deploy.Tests.Kubernetes;

/// <summary>Checks the objects of the base, and the references between them.</summary>
public sealed class ManifestTests
{
    private static readonly V1Deployment Deployment = Manifests.Base.The<V1Deployment>();

    private static readonly V1PodSpec Pod = Deployment.Spec.Template.Spec;

    private static readonly V1Container Container = Pod.Containers.Single();

    [Fact]
    public void Kustomization_OfTheBase_ListsEveryFile()
    {
        var resources = YamlFile.Read("deploy", "kubernetes", "base", "kustomization.yaml")["resources"]!.AsArray().Select(resource => (string)resource!);

        Assert.Equal(Manifests.Files.Select(file => Path.GetFileName(file)!), resources.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Parse_UnknownField_IsRefused() =>
        Assert.ThrowsAny<Exception>(() => Manifests.Parse("apiVersion: v1\nkind: Service\nspec:\n  selectr: {}\n"));

    [Fact]
    public void Selectors_OfAllObjects_MatchThePodsLabels()
    {
        var labels = Deployment.Spec.Template.Metadata.Labels;
        var selectors = (IDictionary<string, string>[])
        [
            Deployment.Spec.Selector.MatchLabels,
            Manifests.Base.The<V1Service>().Spec.Selector,
            Manifests.Base.The<V1PodDisruptionBudget>().Spec.Selector.MatchLabels,
            Manifests.Base.The<V1NetworkPolicy>().Spec.PodSelector.MatchLabels,
            Pod.TopologySpreadConstraints.Single().LabelSelector.MatchLabels,
        ];

        Assert.All(selectors, selector => Assert.NotEmpty(selector));
        Assert.All(selectors.SelectMany(selector => selector), pair => Assert.Equal(pair.Value, labels[pair.Key]));
    }

    [Fact]
    public void Autoscaler_TargetAndMetric_MatchDeploymentAndAdapter()
    {
        var autoscaler = Manifests.Base.The<V2HorizontalPodAutoscaler>().Spec;
        var adapter = YamlFile.Read("deploy", "kubernetes", "prometheus-adapter", "values.yaml")["rules"]!["custom"]![0]!;

        Assert.Equal(("Deployment", Deployment.Metadata.Name), (autoscaler.ScaleTargetRef.Kind, autoscaler.ScaleTargetRef.Name));
        Assert.Equal((string)adapter["name"]!["as"]!, autoscaler.Metrics.Single().Pods.Metric.Name);
        Assert.Null(Deployment.Spec.Replicas); // the autoscaler would undo it
        Assert.True(autoscaler.MinReplicas < autoscaler.MaxReplicas);
    }

    [Fact]
    public void Probes_OfTheContainer_UseExistingEndpoints()
    {
        var paths = YamlFile.Read("docs", "openapi.json")["paths"]!.AsObject().Select(pair => pair.Key).ToList();
        var probes = (V1Probe[])[Container.StartupProbe, Container.ReadinessProbe, Container.LivenessProbe];

        Assert.Equal(["/health/startup", "/health/ready", "/health/live"], probes.Select(probe => probe.HttpGet.Path));
        Assert.All(probes, probe => Assert.Contains(probe.HttpGet.Path, paths));
        Assert.All(probes, probe => Assert.Contains(Container.Ports, port => port.Name == probe.HttpGet.Port.Value));
    }

    [Fact]
    public void Ports_OfAllObjects_MatchTheContainer()
    {
        var port = Container.Ports.Single();

        Assert.Equal(5080, port.ContainerPort);
        Assert.Equal(port.Name, Manifests.Base.The<V1Service>().Spec.Ports.Single().TargetPort.Value);
        Assert.Equal(port.Name, Manifests.Base.The<V1NetworkPolicy>().Spec.Ingress.Single().Ports.Single().Port.Value);
        Assert.Equal("5080", Deployment.Spec.Template.Metadata.Annotations["prometheus.io/port"]);
    }

    [Fact]
    public void Pod_OfTheDeployment_MeetsTheRestrictedProfile()
    {
        Assert.Equal("restricted", Manifests.Base.The<V1Namespace>().Metadata.Labels["pod-security.kubernetes.io/enforce"]);
        Assert.True(Pod.SecurityContext.RunAsNonRoot);
        Assert.NotEqual(0, Pod.SecurityContext.RunAsUser);
        Assert.Equal("RuntimeDefault", Pod.SecurityContext.SeccompProfile.Type);
        Assert.False(Container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], Container.SecurityContext.Capabilities.Drop);
        Assert.Null(Container.SecurityContext.Capabilities.Add);
    }

    [Fact]
    public void Container_FileSystem_IsReadOnlyExceptTmp()
    {
        Assert.True(Container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal("/tmp", Container.VolumeMounts.Single().MountPath);
    }

    [Fact]
    public void Pod_Token_IsNotMounted()
    {
        var account = Manifests.Base.The<V1ServiceAccount>();

        Assert.Equal(account.Metadata.Name, Pod.ServiceAccountName);
        Assert.False(account.AutomountServiceAccountToken);
        Assert.False(Pod.AutomountServiceAccountToken);
    }

    [Fact]
    public void Termination_OfThePod_OutlastsTheShutdownBudget()
    {
        var generator = YamlFile.Read("deploy", "kubernetes", "base", "kustomization.yaml")["configMapGenerator"]![0]!;
        var settings = generator["literals"]!.AsArray().Select(literal => ((string)literal!).Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        var needed = TimeSpan.FromSeconds(Container.Lifecycle.PreStop.Sleep.Seconds) + Settings.TimeToStop(settings["Inference__ShutdownBudget"]);

        Settings.AssertKnown(settings.Keys);
        Assert.True(TimeSpan.FromSeconds(Pod.TerminationGracePeriodSeconds!.Value) > needed);
    }

    [KubectlTheory]
    [InlineData("cpu", 0)]
    [InlineData("gpu", 1)]
    public async Task Overlay_BuiltByKustomize_IsComplete(string overlay, int devices)
    {
        var objects = await Manifests.Build(overlay);

        var deployment = objects.The<V1Deployment>();
        var container = deployment.Spec.Template.Spec.Containers.Single();
        var settings = objects.The<V1ConfigMap>();
        Assert.Matches(@":\d+\.\d+\.\d+-(cpu|cuda)$", container.Image);
        Assert.Equal(settings.Metadata.Name, container.EnvFrom[0].ConfigMapRef.Name);
        Settings.AssertKnown(settings.Data.Keys);
        Assert.Equal(container.Resources.Requests, container.Resources.Limits); // exclusive whole cores
        Assert.Equal(devices, container.Resources.Limits.TryGetValue("nvidia.com/gpu", out var gpus) ? gpus.ToInt32() : 0);
        Assert.Equal(devices > 0, settings.Data.ContainsKey("Model__Device"));
        Assert.All(
            objects.OfType<IKubernetesObject<V1ObjectMeta>>().Where(each => each is not V1Namespace),
            each => Assert.Equal("ctf-service", each.Metadata.NamespaceProperty));
    }
}
