using CtfService.Deploy.Tests.Container;
using CtfService.TestSupport;
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

    private static readonly Dictionary<string, string> BaseSettings =
        YamlFile.Read("deploy", "kubernetes", "base", "kustomization.yaml")["configMapGenerator"]![0]!["literals"]!.AsArray()
            .Select(literal => ((string)literal!).Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);

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
        var metric = autoscaler.Metrics.Single().Pods.Metric.Name;
        Assert.Equal((string)adapter["name"]!["as"]!, metric);
        Assert.StartsWith($"{metric}{{", (string)adapter["seriesQuery"]!, StringComparison.Ordinal);
        Assert.Contains($"`{metric}`", File.ReadAllText(RepositoryFolder.File("docs", "operations", "telemetry.md")), StringComparison.Ordinal);
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
    public void Container_FileSystem_IsReadOnlyExceptJobsAndTmp()
    {
        Assert.True(Container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal([Dockerfile.OfTheRepository.Stage("runtime").JobsFolder, "/tmp"], Container.VolumeMounts.Select(mount => mount.MountPath));
        Assert.Equal(BaseSettings["Storage__Folder"], Container.VolumeMounts[0].MountPath);
        Assert.Equal(Pod.SecurityContext.RunAsGroup, Pod.SecurityContext.FsGroup); // volumes belong to root otherwise
    }

    [Fact]
    public void Jobs_OfPodsWithoutACommonStorage_AreOff()
    {
        Assert.NotNull(Pod.Volumes.Single(volume => volume.Name == "jobs").EmptyDir);
        Assert.Equal("false", BaseSettings["Jobs__Enabled"]);
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
        var needed = TimeSpan.FromSeconds(Container.Lifecycle.PreStop.Sleep.Seconds) + Settings.TimeToStop(BaseSettings["Inference__ShutdownBudget"]);

        Settings.AssertKnown(BaseSettings.Keys);
        Assert.True(TimeSpan.FromSeconds(Pod.TerminationGracePeriodSeconds!.Value) > needed);
    }

    [KubectlTheory]
    [InlineData("cpu", 0)]
    [InlineData("gpu", 1)]
    [InlineData("jobs", 0)]
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

    [Fact]
    public void JobsOverlay_OfFiles_SharesDatabaseAndFiles()
    {
        var overlay = Manifests.Overlay("jobs");
        var pod = overlay.The<V1Deployment>().Spec.Template.Spec;
        var policy = overlay.The<V1NetworkPolicy>().Spec;

        Assert.Equal(["ReadWriteMany"], overlay.The<V1PersistentVolumeClaim>().Spec.AccessModes);
        Assert.Equal(overlay.The<V1PersistentVolumeClaim>().Metadata.Name, pod.Volumes.Single().PersistentVolumeClaim.ClaimName);
        Assert.Equal(Pod.Volumes[0].Name, pod.Volumes.Single().Name);
        Assert.Equal(Container.EnvFrom.Count + 1, pod.Containers.Single().EnvFrom.Count); // a patch replaces the list
        Assert.Equal(Manifests.Base.The<V1NetworkPolicy>().Spec.PodSelector.MatchLabels, policy.PodSelector.MatchLabels);
        Assert.Contains(policy.Egress.SelectMany(egress => egress.Ports), port => port.Port.Value == "5432");
    }

    [KubectlTheory]
    [InlineData("jobs")]
    public async Task JobsOverlay_BuiltByKustomize_TurnsJobsOnWithSharedStorage(string overlay)
    {
        var objects = await Manifests.Build(overlay);

        var pod = objects.The<V1Deployment>().Spec.Template.Spec;
        Assert.Equal("true", objects.The<V1ConfigMap>().Data["Jobs__Enabled"]);
        Assert.Equal(objects.The<V1PersistentVolumeClaim>().Metadata.Name, pod.Volumes.Single(volume => volume.Name == "jobs").PersistentVolumeClaim.ClaimName);
        Assert.Null(pod.Volumes.Single(volume => volume.Name == "jobs").EmptyDir);
        Assert.Equal(["ctf-service-keys", "ctf-service-storage"], pod.Containers.Single().EnvFrom.Skip(1).Select(source => source.SecretRef.Name));
    }
}
