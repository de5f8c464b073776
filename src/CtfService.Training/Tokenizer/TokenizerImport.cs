using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Conversion;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;

namespace CtfService.Training.Tokenizer;

/// <summary>Puts a published tokenizer of the LlamaGen family into a run, as if the run had trained it.</summary>
public static class TokenizerImport
{
    /// <summary>Side of the images that LlamaGen's tokenizers were trained on, pixels.</summary>
    public const int PublishedImageSize = 256;

    /// <summary>Reads the weights, checks all keys and shapes, and writes the tokenizer in float32.</summary>
    /// <returns>What the shapes of the weights reveal.</returns>
    /// <exception cref="CheckpointException">
    /// The file is damaged or not a tokenizer of this family, a weight is not finite, or the folder holds a tokenizer and
    /// <see cref="TokenizerSource.Overwrite"/> is not set.
    /// </exception>
    /// <exception cref="ArchitectureException">The image size does not fit the tokenizer.</exception>
    public static RecognizedTokenizer Run(TokenizerSource source, string folder)
    {
        var run = new TrainingRun(new TrainingOptions { RunDirectory = folder }, Resume: false, Augmentation.None, Overwrite: source.Overwrite);
        run.RequireStart(TokenizerTraining.ResultName);
        using var file = CheckpointFile.Open(source.Path, source.PreferEma);
        if (!TokenizerRecognizer.IsTokenizer(file))
        {
            throw new CheckpointException(
                $"{source.Path}: has no VQ tokenizer of the LlamaGen family; expected a file such as vq_ds16_c2i.pt. 'ctf inspect' shows what it has.");
        }

        var recognized = TokenizerRecognizer.Recognize(file);
        var config = recognized.Config with { TracksUsage = false, NormalizeCodewords = source.NormalizeCodewords };
        ArchitectureException.ThrowIfAny(config.Problems(name => name));
        ArchitectureException.ThrowIfAny(config.SideProblem("--image-size", source.ImageSize) is { } problem ? [problem] : []);
        using var fresh = new ParameterScope(initialise: false); // the file fills every weight
        using var tokenizer = new VqTokenizer(config);
        StateDictLoader.Load(tokenizer, file, [TokenizerRecognizer.UsageHistory]);
        run.Start(TokenizerTraining.ResultName);
        Directory.CreateDirectory(folder);
        ModelFile.Save(
            Path.Combine(folder, TokenizerTraining.ResultName),
            tokenizer,
            config,
            PartRecord.Of(PartRecord.ImportedFrom, Path.GetFileName(source.Path))
                .With(PartRecord.ImageSize, source.ImageSize)
                .With("weights", source.PreferEma ? "averaged (ema)" : null)
                .With(PartRecord.Architecture, config));
        return recognized with { Config = config };
    }
}

/// <summary>A published tokenizer, and how to use it.</summary>
/// <param name="Path">A PyTorch or safetensors file.</param>
/// <param name="ImageSize">Side of the images that later commands use unless they are told otherwise, pixels.</param>
/// <param name="NormalizeCodewords">Whether latents and codewords are scaled to unit length, as in LlamaGen's tokenizers; no weight tells.</param>
/// <param name="PreferEma">Whether to use the averaged weights of a file that has both.</param>
/// <param name="Overwrite">Whether to replace the tokenizer in the folder.</param>
public sealed record TokenizerSource(
    string Path,
    int ImageSize = TokenizerImport.PublishedImageSize,
    bool NormalizeCodewords = true,
    bool PreferEma = false,
    bool Overwrite = false);
