using System.Text.Json.Nodes;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Configuration;

public sealed class ConfigurationDocumentTests
{
    [Fact]
    public Task Document_Tables_MatchTheOptionsRecords() => CheckedInFile.AssertIsAsync(
        ConfigurationDocument.Path, "docs/configuration.md", ConfigurationDocument.Generate(), "CTF_UPDATE_CONFIGURATION", "ConfigurationDocument");

    [Fact]
    public void Document_EveryKeyOfTheShippedFile_IsListed()
    {
        var document = File.ReadAllText(ConfigurationDocument.Path);

        var shipped = Keys(JsonNode.Parse(File.ReadAllText(RepositoryFolder.File("appsettings.json")))!, "");

        Assert.All(shipped, key => Assert.Contains($"`{key}`", document, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Keys(JsonNode node, string path) => node is JsonObject section
        ? section.SelectMany(pair => Keys(pair.Value!, path.Length == 0 ? pair.Key : $"{path}:{pair.Key}"))
        : [path];
}
