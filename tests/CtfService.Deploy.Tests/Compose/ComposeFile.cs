using System.Text.Json.Nodes;
using CtfService.TestSupport.Deployment;

namespace CtfService.Deploy.Tests.Compose;

/// <summary>The services of docker-compose.yml, and those that its extensions change or add.</summary>
internal static class ComposeFile
{
    /// <summary>Files that extend docker-compose.yml.</summary>
    public static IReadOnlyList<string> Extensions { get; } = ["docker-compose.gpu.yml", "docker-compose.replicas.yml"];

    public static JsonObject Json { get; } = YamlFile.Read("docker-compose.yml").AsObject();

    public static IReadOnlyList<ComposeService> Services { get; } = ServicesOf("docker-compose.yml");

    /// <summary>The services of docker-compose.replicas.yml as they stand there.</summary>
    public static IReadOnlyList<ComposeService> Replicas { get; } = ServicesOf("docker-compose.replicas.yml");

    public static ComposeService Service(string name) => Services.Single(service => service.Name == name);

    public static IReadOnlyList<ComposeService> ServicesOf(string file) =>
        [.. YamlFile.Read(file)["services"]!.AsObject().Select(pair => new ComposeService(pair.Key, pair.Value!))];
}

internal sealed record ComposeService(string Name, JsonNode Json)
{
    public string Image => (string)Json["image"]!;

    /// <summary>The host address, the host port and the container port.</summary>
    public IEnumerable<string[]> Ports => List("ports").Select(port => port.Split(':'));

    /// <summary>The source, the target and the mode of each mount.</summary>
    public IEnumerable<string[]> Volumes => List("volumes").Select(volume => volume.Split(':'));

    public IReadOnlyDictionary<string, string> Environment =>
        (Json["environment"]?.AsObject() ?? []).ToDictionary(pair => pair.Key, pair => pair.Value!.ToString());

    public IEnumerable<string> DependsOn => Json["depends_on"] switch
    {
        JsonObject conditions => conditions.Select(pair => pair.Key),
        JsonArray names => names.Select(name => (string)name!),
        _ => [],
    };

    public IEnumerable<string> List(string key) => Json[key]?.AsArray().Select(item => item!.ToString()) ?? [];
}
