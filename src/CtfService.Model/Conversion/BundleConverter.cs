using System.Globalization;
using System.Text.RegularExpressions;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Clusters;
using CtfService.Model.Layers;
using CtfService.Model.Loading;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Conversion;

/// <summary>
/// Converts weight files, published or your own, to a bundle. Holds one tensor at a time, so that the peak memory does not depend on the size of the files.
/// </summary>
public sealed partial class BundleConverter
{
    private const int UsualImageSize = 256;

    /// <summary>Guidance scales that the reference documents for its 384-pixel runs.</summary>
    private static readonly Dictionary<string, float> PublishedGuidance = new()
    {
        ["GPT-B"] = 2,
        ["GPT-L"] = 2,
        ["GPT-XL"] = 1.75f,
        ["GPT-XXL"] = 1.75f,
        ["GPT-3B"] = 1.65f,
    };

    /// <summary>Best FID of the paper's ablation (arXiv 2503.16194: 1.75, 2.0, 2.25 give 4.24, 5.33, 6.71).</summary>
    private const float CoarseToFineGuidance = 1.75f;

    private readonly ConversionRequest _request;
    private readonly List<string> _notes = [];

    private BundleConverter(ConversionRequest request) => _request = request;

    /// <exception cref="CheckpointException">A file is damaged or of another model family, or the files do not match. No bundle was written.</exception>
    public static ConversionReport Convert(ConversionRequest request) => new BundleConverter(request).Run();

    private ConversionReport Run()
    {
        NativeLibraries.RequireSystem();
        BundleWriter.RequireFree(_request.OutputDirectory, _request.Overwrite);
        Require(
            _request.FinePath is null || (_request.ClusterMapPath is null) != (_request.Clusters is null),
            "A fine stage needs either a cluster map or a number of clusters to compute one.");
        Require(
            _request.FinePath is not null || (_request.ClusterMapPath ?? (object?)_request.Clusters) is null,
            "Clusters require a fine stage; a plain LlamaGen model has none.");
        Require(
            _request.ClusterSize is null || _request.ClusterMapPath is not null,
            "A cluster size (--cluster-size) requires an order of the tokens as the cluster map (--cluster-map).");
        using var tokenizerFile = Open(_request.TokenizerPath);
        using var coarseFile = Open(_request.CoarsePath);
        using var fineFile = _request.FinePath is null ? null : Open(_request.FinePath);

        var tokenizer = Tokenizer(tokenizerFile);
        var side = GridSide(tokenizer);
        var coarse = Transformer(coarseFile, "coarse", side, causal: true, _request.CoarseHeads);
        var fine = fineFile is null ? null : Transformer(fineFile, "fine", side, causal: false, _request.FineHeads);
        var map = fine is null ? null : Map(tokenizerFile, coarse.InputVocabulary);
        RequireFit(tokenizer, coarse, fine, map);

        var bundle = BundleWriter.Replace(_request.OutputDirectory, folder =>
        {
            Write(tokenizerFile, Path.Combine(folder, BundleFiles.Tokenizer), dtype: null);
            Write(coarseFile, Path.Combine(folder, BundleFiles.Coarse), _request.Dtype);
            if (fineFile is not null)
            {
                Write(fineFile, Path.Combine(folder, BundleFiles.Fine), _request.Dtype);
                map!.Save(Path.Combine(folder, BundleFiles.ClusterMap));
            }

            return Manifest(tokenizer, coarse, fine, map);
        });
        return new ConversionReport(bundle, _notes);
    }

    private TensorFile Open(string path) => CheckpointFile.Open(path, _request.PreferEma);

    private TokenizerConfig Tokenizer(TensorFile file)
    {
        Require(TokenizerRecognizer.IsTokenizer(file), $"{file.Path}: {NoSuch(file, "VQ tokenizer")}");
        var recognized = TokenizerRecognizer.Recognize(file);
        Note("tokenizer", recognized);
        var config = recognized.Config with { TracksUsage = false, NormalizeCodewords = _request.NormalizeCodewords };
        RequireKeys(() => new VqTokenizer(config), file);
        return config;
    }

    private TransformerConfig Transformer(TensorFile file, string stage, int gridSide, bool causal, int heads)
    {
        Require(TransformerRecognizer.IsTransformer(file), $"{file.Path}: {NoSuch(file, "class-conditional transformer")}");
        var recognized = TransformerRecognizer.Recognize(file);
        Note(stage, recognized);
        var config = recognized.Config(gridSide, causal, heads);
        Require(
            config.Heads > 0,
            $"{file.Path}: has {config.Layers} layers of width {config.Width}, which is not a published size, "
            + "and the weights do not determine the number of heads. "
            + $"Set it with --{stage}-heads.");
        Require(
            config.Width % (4 * config.Heads) == 0,
            $"{file.Path}: the width {config.Width} cannot be divided into {config.Heads} heads with a width that is a multiple of 4. "
            + $"Set the number of heads with --{stage}-heads.");
        RequireKeys(() => new ClassConditionalTransformer(config), file);
        return config;
    }

    /// <summary>Requires the state dict to have exactly the keys of the recognised architecture.</summary>
    private static void RequireKeys(Func<nn.Module> build, TensorFile file)
    {
        using var outline = new ParameterScope(device: META);
        using var module = build();
        var problems = StateDictLoader.Problems(module, file, [.. file.Entries.Select(entry => entry.Name).Where(IsDropped)]);
        Require(problems is null, problems ?? "");
    }

    private static bool IsDropped(string name) => TransformerRecognizer.IsLeftover(name) || name == TokenizerRecognizer.UsageHistory;

    private int GridSide(TokenizerConfig tokenizer)
    {
        var named = SizeInName().Match(Path.GetFileNameWithoutExtension(_request.CoarsePath));
        var (size, source) = (_request.ImageSize, named.Success) switch
        {
            ({ } given, _) => (given, "as given"),
            (null, true) => (int.Parse(named.ValueSpan, CultureInfo.InvariantCulture), "from the transformer's file name"),
            _ => (UsualImageSize, "assumed; set it with --image-size"),
        };
        Require(
            size > 0 && size % tokenizer.DownsampleFactor == 0,
            $"The image size is {size} pixels; expected a multiple of {tokenizer.DownsampleFactor}, the number of pixels along a side that become one token. "
            + "Set it with --image-size.");
        var side = size / tokenizer.DownsampleFactor;
        _notes.Add($"image: {size}x{size} pixels ({source}), {side}x{side} tokens");
        return side;
    }

    private ClusterMap Map(TensorFile tokenizerFile, int expectedClusters)
    {
        using var scope = NewDisposeScope();
        var stored = tokenizerFile.Read("quantize.embedding.weight", float32);
        var codebook = _request.NormalizeCodewords ? nn.functional.normalize(stored, p: 2, dim: -1) : stored;
        if (_request.Clusters is { } count)
        {
            Require(
                count >= 1 && count <= codebook.shape[0],
                $"{count} clusters cannot be made of {codebook.shape[0]} codewords; expected 1 to {codebook.shape[0]}.");
            _notes.Add($"cluster map: {count} clusters by k-means over the codebook. The stages fit it only if they were trained with the same map.");
            return ClusterMap.Compute(codebook, count, _request.ClusterSeed);
        }

        var map = ClusterMapImport.Read(_request.ClusterMapPath!, codebook, _request.ClusterSize, expectedClusters);
        if (_request.ClusterSize is { } size)
        {
            _notes.Add($"cluster map: from an order of the tokens, {size} neighbours per cluster");
        }

        _notes.Add($"cluster map: {map.ClusterCount} clusters, the largest with {map.LargestCluster} codewords");
        return map;
    }

    private void RequireFit(TokenizerConfig tokenizer, TransformerConfig coarse, TransformerConfig? fine, ClusterMap? map)
    {
        var clusters = map?.ClusterCount ?? tokenizer.CodebookSize;
        var wanted = map is null ? $"the tokenizer's {clusters} codewords" : $"the map's {clusters} clusters";
        Require(
            coarse.InputVocabulary == clusters && coarse.OutputVocabulary == clusters,
            $"{_request.CoarsePath}: reads {coarse.InputVocabulary} labels and predicts {coarse.OutputVocabulary}; expected {wanted} for both.");
        if (fine is not null)
        {
            Require(
                fine.InputVocabulary == clusters && fine.OutputVocabulary == tokenizer.CodebookSize && fine.ClassCount == coarse.ClassCount,
                $"{_request.FinePath}: reads {fine.InputVocabulary} labels, predicts {fine.OutputVocabulary} and has {fine.ClassCount} classes; "
                + $"expected {wanted}, the tokenizer's {tokenizer.CodebookSize} codewords and the coarse stage's {coarse.ClassCount} classes.");
        }
    }

    private static void Write(TensorFile file, string path, ScalarType? dtype) => SafetensorsWriter.Write(
        path,
        file.Entries.Where(entry => !IsDropped(entry.Name)).Select(entry => TensorSource.Of(file, entry)),
        castFloatingTo: dtype,
        requireFinite: true);

    private BundleManifest Manifest(TokenizerConfig tokenizer, TransformerConfig coarse, TransformerConfig? fine, ClusterMap? map)
    {
        var (names, wordNetIds) = ClassNames(coarse.ClassCount);
        var side = coarse.GridWidth * tokenizer.DownsampleFactor;
        return new BundleManifest
        {
            Name = _request.Name,
            ImageWidth = side,
            ImageHeight = side,
            ClassLabels = names,
            WordNetIds = wordNetIds,
            ClusterCount = map?.ClusterCount ?? tokenizer.CodebookSize,
            Tokenizer = tokenizer,
            Coarse = coarse,
            Fine = fine,
            Sampling = new SamplingDefaults(new SamplingSettings(GuidanceScale: Guidance(coarse, fine)), new SamplingSettings()),
            Training = new Dictionary<string, string>
            {
                ["converted_from"] = string.Join(
                    ", ",
                    new[] { _request.TokenizerPath, _request.CoarsePath, _request.FinePath, _request.ClusterMapPath }
                        .OfType<string>().Select(Path.GetFileName)),
                ["weights"] = _request.PreferEma ? "averaged (ema)" : "as trained",
            },
            DataLicence = _request.DataLicence,
        };
    }

    private float Guidance(TransformerConfig coarse, TransformerConfig? fine)
    {
        var name = PublishedTransformers.Sizes.FirstOrDefault(size => size.Value.Width == coarse.Width && size.Value.Layers == coarse.Layers).Key;
        var scale = _request.GuidanceScale ?? (fine is null ? PublishedGuidance.GetValueOrDefault(name ?? "", 1.5f) : CoarseToFineGuidance);
        _notes.Add($"default guidance scale: {scale.ToString(CultureInfo.InvariantCulture)}");
        return scale;
    }

    private (IReadOnlyList<string> Names, IReadOnlyList<string>? WordNetIds) ClassNames(int count)
    {
        if (_request.ClassNamesPath is { } path)
        {
            var names = File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).ToList();
            Require(names.Count == count, $"{path}: has {names.Count} class names, but the transformers have {count} classes.");
            return (names, null);
        }

        if (count == ImageNetClasses.Count)
        {
            _notes.Add("class names: those of ImageNet, because there are 1,000 classes");
            return (ImageNetClasses.Names, ImageNetClasses.WordNetIds);
        }

        _notes.Add("class names: not in the files; class_0, class_1, ... are used (set them with --class-names)");
        return ([.. Enumerable.Range(0, count).Select(id => $"class_{id}")], null);
    }

    private void Note(string part, Recognition recognized) => _notes.AddRange(recognized.Inferred.Select(fact => $"{part}: {fact}"));

    /// <summary>Describes what the file contains instead.</summary>
    private static string NoSuch(TensorFile file, string wanted)
    {
        var found = file.Entries.Count == 0
            ? "no state dict was found"
            : $"its keys are {string.Join(", ", file.Entries.Take(5).Select(entry => entry.Name))}, ...";
        return $"contains no {wanted} of the LlamaGen family ({found}). `ctf inspect` shows its content.";
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CheckpointException(problem);
        }
    }

    [GeneratedRegex("(?<=_)(256|384|448|512)$")]
    private static partial Regex SizeInName();
}

/// <summary>The written bundle, and what the converter inferred or assumed, one fact per line.</summary>
public sealed record ConversionReport(Bundle Bundle, IReadOnlyList<string> Notes);
