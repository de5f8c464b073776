using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Training.Data;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>Arranges a few originals and their edits on one sheet: a column for each original; a row of originals, then the rows of each mask.</summary>
public static class EditSheet
{
    private const byte Grey = 128;

    /// <summary>Composes the sheet of the first originals. Each mask has a row with the part to edit in grey, and one for each method.</summary>
    public static RgbImage Of(ImageDataset originals, IReadOnlyList<EditedSet> sets, int columns)
    {
        var shown = Math.Min(columns, originals.Count);
        RgbImage[] pictures = [.. originals.Images.Take(shown).Select(pixels => new RgbImage(originals.Width, originals.Height, pixels))];
        var blank = new byte[originals.Width * originals.Height * 3];
        Array.Fill(blank, Grey);
        var hole = new RgbImage(originals.Width, originals.Height, blank);
        var rows = sets.GroupBy(set => set.Mask).SelectMany(group => pictures.Select(picture => Pasting.Under(group.Key.Mask, picture, hole))
            .Concat(group.SelectMany(set => set.Images.Take(shown))));
        return ContactSheet.Compose([.. pictures, .. rows], shown);
    }
}
