using CtfService.TestSupport;
using k8s;

namespace CtfService.Deploy.Tests.Kubernetes;

/// <summary>Reads Kubernetes objects with the official client library, which rejects unknown fields.</summary>
internal static class Manifests
{
    private static readonly string Folder = RepositoryFolder.File("deploy", "kubernetes");

    /// <summary>The files of the base that contain Kubernetes objects.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(Folder, "base"), "*.yaml")
            .Where(file => Path.GetFileName(file) != "kustomization.yaml")
            .Order(StringComparer.Ordinal),
    ];

    public static IReadOnlyList<object> Base { get; } = [.. Files.SelectMany(file => Parse(File.ReadAllText(file)))];

    public static IReadOnlyList<object> Parse(string yaml) => KubernetesYaml.LoadAllFromString(yaml, strict: true);

    /// <summary>Reads the objects and patches of an overlay as they stand in its files.</summary>
    public static IReadOnlyList<object> Overlay(string overlay) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Folder, "overlays", overlay), "*.yaml")
            .Where(file => Path.GetFileName(file) != "kustomization.yaml")
            .SelectMany(file => Parse(File.ReadAllText(file))),
    ];

    /// <summary>Builds an overlay.</summary>
    public static async Task<IReadOnlyList<object>> Build(string overlay)
    {
        var run = await ProgramRun.Of(Kubectl.Path!, ["kustomize", Path.Combine(Folder, "overlays", overlay)], Folder);
        Assert.True(run.ExitCode == 0, run.ToString());
        return Parse(run.Output);
    }

    public static T The<T>(this IEnumerable<object> objects) => objects.OfType<T>().Single();
}

internal static class Kubectl
{
    public static string? Path { get; } = InstalledProgram.Find("kubectl");
}

/// <summary>A theory that is skipped if kubectl is missing, because the gate cannot install a current one.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KubectlTheoryAttribute : TheoryAttribute
{
    public KubectlTheoryAttribute() => Skip = Kubectl.Path is null ? "kubectl, which runs kustomize, is not on the search path." : null;
}
