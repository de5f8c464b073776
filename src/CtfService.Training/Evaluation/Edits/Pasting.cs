using CtfService.Core.Generation;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>Combines two pictures along a mask, without blending.</summary>
internal static class Pasting
{
    /// <summary>Returns the original, with the pixels of the other picture under the mask.</summary>
    public static RgbImage Under(EditMask mask, RgbImage original, RgbImage other)
    {
        var pixels = original.Pixels.ToArray();
        for (var pixel = 0; pixel < mask.Edited.Length; pixel++)
        {
            if (mask.Edited[pixel])
            {
                other.Pixels.AsSpan(pixel * 3, 3).CopyTo(pixels.AsSpan(pixel * 3));
            }
        }

        return new RgbImage(original.Width, original.Height, pixels);
    }
}
