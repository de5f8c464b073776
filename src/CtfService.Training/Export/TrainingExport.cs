using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Storage;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;
using CtfService.Training.Progress;
using CtfService.Training.Tokens;

namespace CtfService.Training.Export;

/// <summary>
/// Writes a run for a trainer in PyTorch, such as LlamaGen's on several GPUs: code files of labels and tokens, the cluster map as a NumPy array, and the
/// configuration. Its checkpoints come back through <c>ctf convert</c>.
/// </summary>
public static class TrainingExport
{
    public const string ConfigurationName = "training.json";
    public const string ClusterMapName = "cluster-map.npy";
    public const string ClassNamesName = "class-names.txt";

    /// <summary>Folder of the coarse labels of every image. The trainer looks for "flip" in the path.</summary>
    public const string LabelsFolder = "labels-flip";

    /// <summary>Folder of the tokens of every image.</summary>
    public const string TokensFolder = "tokens-flip";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file, never HTML
        NewLine = "\n",
    };

    /// <summary>Writes all files; the configuration, which is written last, makes the export complete.</summary>
    /// <param name="folder">A folder that is empty or holds an earlier export, which is deleted when nothing can refuse the new one any more.</param>
    /// <param name="sizes">Sizes of both stages.</param>
    /// <exception cref="CheckpointException">The tokens are not a square grid, or have no record of the image size.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two images.</exception>
    public static void Write(
        string folder, TokenSet tokens, ClusterMap map, ExportedSizes sizes, ITrainingProgress progress, CancellationToken cancellation)
    {
        var training = Describe(tokens, map, sizes);
        Directory.CreateDirectory(folder);
        Delete(folder);
        WriteClusterMap(Path.Combine(folder, ClusterMapName), map);
        AtomicFile.WriteBytes(
            Path.Combine(folder, ClassNamesName), Encoding.UTF8.GetBytes(string.Concat(tokens.ClassNames.Select(name => $"{name}\n"))));
        WriteCodes(folder, tokens, map, training, progress, cancellation);
        AtomicFile.WriteBytes(Path.Combine(folder, ConfigurationName), JsonSerializer.SerializeToUtf8Bytes(training, Json));
    }

    /// <summary>Deletes the files of an export; others stay.</summary>
    private static void Delete(string folder)
    {
        foreach (var name in new[] { ConfigurationName, ClusterMapName, ClassNamesName })
        {
            File.Delete(Path.Combine(folder, name));
        }

        foreach (var codes in new[] { LabelsFolder, TokensFolder }.Select(name => Path.Combine(folder, name)).Where(Directory.Exists))
        {
            Directory.Delete(codes, recursive: true);
        }
    }

    private static ExportedTraining Describe(TokenSet tokens, ClusterMap map, ExportedSizes sizes)
    {
        var side = (int)Math.Round(Math.Sqrt(tokens.Positions));
        if (side * side != tokens.Positions)
        {
            throw new CheckpointException($"The token grid is not square: {tokens.Positions} tokens per image. Train on square images.");
        }

        var imageSize = tokens.MadeFrom.PixelsOfImages
            ?? throw new CheckpointException("The tokens have no record of the image size, as files of earlier versions do not. Run 'ctf tokenize' again.");
        var data = PlannedData.ImageNet with
        {
            GridSide = side,
            Classes = tokens.ClassNames.Count,
            Codewords = map.CodebookSize,
            Clusters = map.ClusterCount,
        };
        var coarse = data.Config(PublishedTransformers.Find(sizes.Coarse)!, TrainingOptions.UsualDropout, isFine: false);
        var fine = map.IsIdentity ? null : data.Config(PublishedTransformers.Find(sizes.Fine)!, TrainingOptions.UsualDropout, isFine: true);
        return new ExportedTraining(
            imageSize,
            tokens.Images,
            tokens.CropCount,
            map.CodebookSize,
            map.ClusterCount,
            tokens.ClassNames,
            new ExportedStage(LabelsFolder, LabelsFolder, "causal", coarse, Arguments(coarse, sizes.Coarse, imageSize), new ExportedOptimizer()),
            fine is null ? null : new ExportedStage(LabelsFolder, TokensFolder, "full", fine, Arguments: null, new ExportedOptimizer()));
    }

    /// <summary>Returns the arguments of LlamaGen's train_c2i.py.</summary>
    private static IReadOnlyList<string> Arguments(TransformerConfig config, string size, int imageSize)
    {
        static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
        return
        [
            "--code-path", LabelsFolder,
            "--gpt-model", $"GPT-{size}",
            "--gpt-type", "c2i",
            "--vocab-size", $"{config.OutputVocabulary}",
            "--num-classes", $"{config.ClassCount}",
            "--image-size", $"{imageSize}",
            "--downsample-size", $"{imageSize / config.GridWidth}",
            "--global-batch-size", $"{PublishedTraining.BatchSize}",
            "--lr", Text(PublishedTraining.LearningRate),
            "--weight-decay", Text(PublishedTraining.WeightDecay),
            "--beta1", Text(TrainingOptions.UsualBeta1),
            "--beta2", Text(TrainingOptions.UsualBeta2),
            "--max-grad-norm", Text(PublishedTraining.MaxGradientNorm),
            "--dropout-p", Text(config.Dropout),
            "--token-dropout-p", Text(config.Dropout),
            "--epochs", $"{PublishedTraining.Epochs}",
        ];
    }

    private static void WriteClusterMap(string path, ClusterMap map)
    {
        var header = NpyHeader.Create("<i4", map.CodebookSize);
        var bytes = new byte[header.Length + (map.CodebookSize * sizeof(int))];
        header.CopyTo(bytes, 0);
        foreach (var (token, cluster) in map.ClusterOfToken.Index())
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(header.Length + (token * sizeof(int))), cluster);
        }

        AtomicFile.WriteBytes(path, bytes);
    }

    private static void WriteCodes(
        string folder, TokenSet tokens, ClusterMap map, ExportedTraining training, ITrainingProgress progress, CancellationToken cancellation)
    {
        CodeFiles Files(string name) => new(Path.Combine(folder, name), training.ImageSize, training.Crops, tokens.Positions);
        var labelFiles = Files(LabelsFolder);
        var tokenFiles = training.Fine is null ? null : Files(TokensFolder);
        var meter = new TrainingMeter(progress, new TrainingPace(0, training.Images, BatchSize: 1, ReportEvery: 1024));
        var row = new int[tokens.Positions];
        var (ids, labels) = (new long[training.Crops * tokens.Positions], new long[training.Crops * tokens.Positions]);
        for (var image = 0; image < training.Images; image++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var crop = 0; crop < training.Crops; crop++)
            {
                tokens.Read(tokens.RowOf(image, crop), row);
                for (var position = 0; position < row.Length; position++)
                {
                    var place = (crop * row.Length) + position;
                    (ids[place], labels[place]) = (row[position], map.ClusterOfToken[row[position]]);
                }
            }

            var classId = tokens.ClassIds[tokens.RowOf(image, crop: 0)];
            labelFiles.Write(image, classId, labels);
            tokenFiles?.Write(image, classId, ids);
            meter.StepFinished(image + 1, () => new Dictionary<string, double>());
        }
    }
}

/// <summary>Names of the published sizes of both stages, such as B and L.</summary>
public sealed record ExportedSizes(string Coarse, string Fine);
