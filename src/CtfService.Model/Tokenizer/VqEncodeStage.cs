using CtfService.Core.Generation;
using CtfService.Core.Imaging;
using CtfService.Model.Clusters;
using CtfService.Model.Coarse;
using CtfService.Model.Imaging;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>Takes layouts from pictures: VQ encode in one batch, then the cluster of each token. Device thread only.</summary>
internal sealed class VqEncodeStage(VqTokenizer tokenizer, ClusterMap map, int positions, Device device)
{
    /// <summary>Images of one batch, as for VQ decode.</summary>
    public const int Capacity = VqDecodeStage.Capacity;

    /// <param name="sequences">Whose layout is <see cref="LayoutSource.Encoded"/>; those of the same picture share one encoding.</param>
    public void Run(IReadOnlyList<CoarseSequence> sequences)
    {
        var ofPicture = sequences.GroupBy(PictureOf, ReferenceEqualityComparer.Instance).ToList();
        var labels = map.Coarsen(Encode([.. ofPicture.Select(group => (RgbImage)group.Key!)]));
        for (var picture = 0; picture < ofPicture.Count; picture++)
        {
            foreach (var sequence in ofPicture[picture])
            {
                sequence.SetLayout(labels.AsSpan(picture * positions, positions));
            }
        }
    }

    /// <summary>Tokens [pictures, T].</summary>
    private int[] Encode(IReadOnlyList<RgbImage> pictures)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tokens = tokenizer.VqEncode(Pixels.ToTensor(pictures).to(device)); // int64 [B, T]
        return tokens.to(ScalarType.Int32).cpu().data<int>().ToArray();
    }

    private static RgbImage PictureOf(CoarseSequence sequence) => ((LayoutSource.Encoded)sequence.Specification.Layout).Picture;
}
