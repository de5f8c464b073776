using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Cli.Commands.Generate;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Conversion;

namespace CtfService.Cli.Commands.Bundles;

/// <summary>What <c>ctf inspect</c> finds, as one line of JSON a file.</summary>
internal static class InspectJson
{
    private static readonly JsonSerializerOptions OneLine = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static void Write(TextWriter output, GeneratedFile image) => Write(output, new
    {
        File = image.Path,
        Kind = "image",
        Bytes = (long)image.Bytes.Length,
        image.Format,
        image.Provenance,
        IsReproducible = image.Provenance?.IsReproducible ?? false,
    });

    public static void Write(TextWriter output, Bundle bundle) => Write(output, new { File = bundle.Directory, Kind = "bundle", bundle.Hash, bundle.Manifest });

    /// <param name="recognition">Null if the file is of no known architecture.</param>
    public static void Write(TextWriter output, TensorFile file, Recognition? recognition, bool listKeys) => Write(output, new
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

    private static void Write<T>(TextWriter output, T report) => output.WriteLine(JsonSerializer.Serialize(report, OneLine));
}
