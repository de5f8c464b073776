using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace CtfService.TestSupport.Deployment;

/// <summary>Reads YAML files of the repository as JSON nodes, which are easier to query.</summary>
public static class YamlFile
{
    private static readonly IDeserializer Deserializer =
        new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().WithDuplicateKeyChecking().Build();

    private static readonly ISerializer Json = new SerializerBuilder().JsonCompatible().Build();

    public static JsonNode Read(params string[] path) => Parse(File.ReadAllText(RepositoryFolder.File(path)));

    public static JsonNode Parse(string yaml) => JsonNode.Parse(Json.Serialize(Deserializer.Deserialize<object>(yaml)))!;
}
