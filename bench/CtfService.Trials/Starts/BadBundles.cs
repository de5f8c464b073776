using System.Text.RegularExpressions;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Starts;

/// <summary>Copies of a bundle, each damaged in another way.</summary>
/// <param name="bundle">Folder of the bundle.</param>
internal sealed partial class BadBundles(TrialFolder folder, string bundle)
{
    private const string Manifest = "model.json";

    private const string Coarse = "coarse.safetensors";

    public IEnumerable<BadStart> Starts() =>
    [
        Of("a bundle that is missing", "nowhere", BadStart.ForNow, "no folder of that name"),
        Of("a bundle without its manifest", Damaged("no-manifest", copy => File.Delete(Path.Combine(copy, Manifest))), BadStart.ForNow, Manifest),
        Of("a bundle without a weight file", Damaged("no-weights", copy => File.Delete(Path.Combine(copy, Coarse))), BadStart.ForNow, Coarse),
        Of("a manifest that is no JSON", Damaged("broken-json", copy => File.AppendAllText(Path.Combine(copy, Manifest), "}")), BadStart.ForGood, Manifest),
        Of("weights that were cut", Damaged("cut", copy => Change(copy, bytes => bytes[..(bytes.Length / 2)])), BadStart.ForGood, Coarse),
        Of("one bit of the weights", Damaged("bit", copy => Change(copy, FlipOneBit)), BadStart.ForGood, Coarse),
        Of("a warm-up image that differs", Damaged("expected", ExpectAnother), BadStart.ForGood, "coarse labels"),
    ];

    private static BadStart Of(string name, string directory, int exitCode, string cause) => new(name, [$"--Model:Bundle={directory}"], exitCode, cause);

    private string Damaged(string name, Action<string> damage)
    {
        var copy = folder.Empty($"bundle-{name}");
        foreach (var file in Directory.GetFiles(bundle))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        damage(copy);
        return copy;
    }

    private static void Change(string copy, Func<byte[], byte[]> change)
    {
        var file = Path.Combine(copy, Coarse);
        File.WriteAllBytes(file, change(File.ReadAllBytes(file)));
    }

    private static byte[] FlipOneBit(byte[] bytes)
    {
        bytes[^1] ^= 1;
        return bytes;
    }

    /// <summary>As if this machine drew other coarse labels than those that were recorded.</summary>
    private static void ExpectAnother(string copy)
    {
        var file = Path.Combine(copy, Manifest);
        File.WriteAllText(file, RecordedLabels().Replace(File.ReadAllText(file), $"\"labels\": \"{new string('0', 64)}\""));
    }

    [GeneratedRegex("\"labels\": \"[0-9a-f]{64}\"")]
    private static partial Regex RecordedLabels();
}
