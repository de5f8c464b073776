using CtfService.TestSupport;
using k8s;

namespace CtfService.Deploy.Tests.Kubernetes;

/// <summary>Kubernetes objects, read by its own client library, which refuses fields that it does not know.</summary>
internal static class Manifests
{
    private static readonly string Folder = RepositoryFolder.File("deploy", "kubernetes");

    /// <summary>Every file of the base that holds objects of Kubernetes itself.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(Folder, "base"), "*.yaml")
            .Where(file => Path.GetFileName(file) != "kustomization.yaml")
            .Order(StringComparer.Ordinal),
    ];

    public static IReadOnlyList<object> Base { get; } = [.. Files.SelectMany(file => Parse(File.ReadAllText(file)))];

    public static IReadOnlyList<object> Parse(string yaml) => KubernetesYaml.LoadAllFromString(yaml, strict: true);

    /// <summary>What an overlay becomes.</summary>
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

/// <summary>Skipped where there is no kubectl: no registry that the gate installs from has a current one.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KubectlTheoryAttribute : TheoryAttribute
{
    public KubectlTheoryAttribute() => Skip = Kubectl.Path is null ? "There is no kubectl on the search path, so kustomize cannot be run." : null;
}
