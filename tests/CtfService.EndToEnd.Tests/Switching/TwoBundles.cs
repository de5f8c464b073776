using System.Text.Json.Nodes;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>The model that ships, and the same weights under another name and with the class names the other way round: of the same class they draw different fruit.</summary>
internal sealed class TwoBundles : IDisposable
{
    public const string Shipped = "fruits-64";
    public const string Reversed = "fruits-reversed";

    private readonly TemporaryFolder _root = new();

    public TwoBundles()
    {
        Copy(Shipped);
        Copy(Reversed);
        var path = Path.Combine(Folder(Reversed), "model.json");
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        manifest["name"] = Reversed;
        manifest["class_labels"] = new JsonArray([.. manifest["class_labels"]!.AsArray().Select(label => label!.DeepClone()).Reverse()]);
        File.WriteAllText(path, manifest.ToJsonString());
    }

    public string Root => _root.Root;

    public string Folder(string bundle) => _root.File(bundle);

    public void Dispose() => _root.Dispose();

    private void Copy(string bundle)
    {
        Directory.CreateDirectory(Folder(bundle));
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "models", Shipped)))
        {
            File.Copy(file, Path.Combine(Folder(bundle), Path.GetFileName(file)));
        }
    }
}
