using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>
/// Interpolates between the weights of two decoders of one tokenizer ("network interpolation", Wang et al. 2018, "ESRGAN", section 3.4). Both decoders must
/// have been refined from the same one.
/// </summary>
public static class DecoderBlend
{
    /// <summary>Writes a tokenizer whose decoder is (1 - share) first + share second.</summary>
    /// <param name="firstPath">A tokenizer, such as <c>ctf refine-decoder</c> writes.</param>
    /// <param name="secondPath">The same tokenizer with another decoder.</param>
    /// <param name="share">Share of the second decoder, 0 to 1.</param>
    /// <exception cref="CheckpointException">A file is missing, damaged or not a tokenizer, or the two differ in more than the decoder.</exception>
    public static void Write(string firstPath, string secondPath, double share, string outputPath)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var first = ModelFile.Load<VqTokenizer, TokenizerConfig>(firstPath, config => new VqTokenizer(config));
        using var second = ModelFile.Load<VqTokenizer, TokenizerConfig>(secondPath, config => new VqTokenizer(config));
        var decoder = first.DecoderParameters.ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var others = second.state_dict();
        foreach (var (name, weight) in first.state_dict())
        {
            var isDecoder = decoder.Contains(weight);
            if (!others.TryGetValue(name, out var other) || !weight.shape.SequenceEqual(other.shape)
                || (!isDecoder && !weight.eq(other).all().item<bool>()))
            {
                throw new CheckpointException(
                    $"{firstPath} and {secondPath} differ in '{name}', which is not a decoder weight or has another shape. "
                    + "Blend decoders that 'ctf refine-decoder' made from the same tokenizer.");
            }

            if (isDecoder)
            {
                weight.lerp_(other, share);
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(outputPath))!);
        ModelFile.Save(
            outputPath,
            first,
            first.Config,
            PartRecord.Empty.With(PartRecord.Tokenizer, TokenizerIdentity.Of(first))
                .With("first", firstPath).With("second", secondPath).With("share", share));
    }
}
