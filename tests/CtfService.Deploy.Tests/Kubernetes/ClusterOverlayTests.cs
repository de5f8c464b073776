using CtfService.Deploy.Tests.Container;
using CtfService.TestSupport.Deployment;
using k8s.Models;

namespace CtfService.Deploy.Tests.Kubernetes;

/// <summary>The gateway in front of the pods: its objects refer to each other and to the pods of the base.</summary>
public sealed class ClusterOverlayTests
{
    private static readonly IReadOnlyList<object> Overlay = Manifests.Overlay("cluster");

    private static readonly V1Deployment Gateway = Overlay.The<V1Deployment>();

    private static readonly V1Container Container = Gateway.Spec.Template.Spec.Containers.Single();

    [Fact]
    public void Kustomization_OfTheOverlay_ListsEveryFile()
    {
        var resources = YamlFile.Read("deploy", "kubernetes", "overlays", "cluster", "kustomization.yaml")["resources"]!.AsArray().Count;

        Assert.Equal(Overlay.Count + 1, resources); // and the overlay jobs
    }

    [Fact]
    public void Replicas_OfTheGateway_AreThePodsOfTheBase()
    {
        var pods = Overlay.OfType<V1Service>().Single(service => service.Spec.ClusterIP == "None");
        var address = new Uri(Container.Env.Single(variable => variable.Name == "Gateway__Replicas__0").Value);

        Assert.Equal((pods.Metadata.Name, pods.Spec.Ports.Single().Port), (address.Host, address.Port));
        Assert.Equal(Manifests.Base.The<V1Deployment>().Spec.Selector.MatchLabels, pods.Spec.Selector);
    }

    [Fact]
    public void Selectors_OfTheGateway_MatchItsLabels()
    {
        var labels = Gateway.Spec.Template.Metadata.Labels;

        Assert.Equal(labels, Gateway.Spec.Selector.MatchLabels);
        Assert.Equal(labels, Overlay.OfType<V1Service>().Single(service => service.Spec.ClusterIP is null).Spec.Selector);
        Assert.Equal(labels, Overlay.The<V1PodDisruptionBudget>().Spec.Selector.MatchLabels);
        Assert.Equal(labels, Overlay.The<V1NetworkPolicy>().Spec.PodSelector.MatchLabels);
        Assert.Equal(labels, Gateway.Spec.Template.Spec.TopologySpreadConstraints.Single().LabelSelector.MatchLabels);
    }

    [Fact]
    public void Pod_OfTheGateway_IsConfinedAndHasTimeToFinish()
    {
        var pod = Gateway.Spec.Template.Spec;
        var settings = YamlFile.Read("src", "CtfService.Gateway", "gateway.json")["Gateway"]!;
        var budget = TimeSpan.Parse((string)settings["ShutdownBudget"]!, System.Globalization.CultureInfo.InvariantCulture);

        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.True(Container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal(["ALL"], Container.SecurityContext.Capabilities.Drop);
        Assert.Equal(Dockerfile.OfTheRepository.Stage("gateway").Of("EXPOSE").Single(), $"{Container.Ports.Single().ContainerPort}");
        Assert.True(TimeSpan.FromSeconds(pod.TerminationGracePeriodSeconds!.Value) > budget + TimeSpan.FromSeconds(Container.Lifecycle.PreStop.Sleep.Seconds));
    }
}
