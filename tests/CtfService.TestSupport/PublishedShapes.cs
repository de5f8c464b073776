using System.Text.Json;

namespace CtfService.TestSupport;

/// <summary>Names and shapes of the weights of the published models, in file order (state-dict-keys.json).</summary>
public static class PublishedShapes
{
    public static IReadOnlyList<(string Name, long[] Shape)> Of(string model)
    {
        using var keys = JsonDocument.Parse(File.ReadAllText(GoldenFolder.File("state-dict-keys.json")));
        return
        [
            .. keys.RootElement.GetProperty(model).EnumerateObject()
                .Select(key => (key.Name, key.Value.EnumerateArray().Select(size => size.GetInt64()).ToArray())),
        ];
    }
}
