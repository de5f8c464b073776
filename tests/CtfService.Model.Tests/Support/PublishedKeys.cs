using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Support;

/// <summary>Names and shapes of the published models' weights (state-dict-keys.json).</summary>
internal static class PublishedKeys
{
    private static readonly JsonElement Root = JsonDocument.Parse(File.ReadAllText(GoldenFolder.File("state-dict-keys.json"))).RootElement;

    public static TheoryData<string> Names => [.. Root.EnumerateObject().Select(model => model.Name)];

    /// <summary>One line per weight, sorted: <c>name [shape]</c>.</summary>
    public static IEnumerable<string> Of(string name) =>
        Shapes(name).Select(entry => Line(entry.Key, entry.Value)).Order(StringComparer.Ordinal);

    public static IReadOnlyDictionary<string, long[]> Shapes(string name) =>
        Root.GetProperty(name).EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => entry.Value.EnumerateArray().Select(size => size.GetInt64()).ToArray());

    public static IEnumerable<string> Of(TorchSharp.torch.nn.Module module) =>
        module.state_dict().Select(entry => Line(entry.Key, entry.Value.shape)).Order(StringComparer.Ordinal);

    private static string Line(string name, IEnumerable<long> shape) => $"{name} [{string.Join(", ", shape)}]";
}
