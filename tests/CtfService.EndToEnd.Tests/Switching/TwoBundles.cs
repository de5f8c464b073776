using System.Text.Json.Nodes;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>
/// The shipped model, and the same weights under another name with the class names reversed: the two draw different fruit for one class.
/// </summary>
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
