using CtfService.Cli.Commands.Generate;
using CtfService.Cli.Reports;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Conversion;

namespace CtfService.Cli.Commands.Bundles;

/// <summary>Writes what <c>ctf inspect</c> shows of a file as one line of JSON.</summary>
internal static class InspectJson
{
    public static void Write(TextWriter output, GeneratedFile image) => ReportJson.WriteLine(output, new
    {
        File = image.Path,
        Kind = "image",
        Bytes = (long)image.Bytes.Length,
        image.Format,
        image.Provenance,
        IsReproducible = image.Provenance?.IsReproducible ?? false,
    });

    public static void Write(TextWriter output, Bundle bundle) =>
        ReportJson.WriteLine(output, new { File = bundle.Directory, Kind = "bundle", bundle.Hash, bundle.Manifest });

    /// <param name="recognition">Null if the architecture is unknown.</param>
    public static void Write(TextWriter output, TensorFile file, Recognition? recognition, bool listKeys) => ReportJson.WriteLine(output, new
    {
        File = file.Path,
        Kind = "weights",
        Bytes = new FileInfo(file.Path).Length,
        file.Container,
        Tensors = file.Entries.Count,
        Elements = file.ParameterCount,
        Types = file.Entries.CountBy(entry => entry.Dtype.ToString()).ToDictionary(),
        Model = recognition is null
            ? null
            : new
            {
                Kind = recognition is RecognizedTransformer ? "transformer" : "tokenizer",
                recognition.PublishedName,
                recognition.Inferred,
                recognition.Unknown,
            },
        Keys = listKeys ? file.Entries.Select(entry => new { entry.Name, Dtype = entry.Dtype.ToString(), entry.Shape }) : null,
    });
}
