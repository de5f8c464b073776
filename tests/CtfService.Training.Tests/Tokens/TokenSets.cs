using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using CtfService.Training.Tokens;

namespace CtfService.Training.Tests.Tokens;

/// <summary>Small token sets, of images or made up.</summary>
internal static class TokenSets
{
    /// <summary>Returns images of 16x16 pixels whose classes alternate; every image differs from the others.</summary>
    public static ImageDataset Images(int count, int classes = 3)
    {
        byte[] Pixels(int image) => [.. Enumerable.Range(0, 16 * 16 * 3).Select(byteOf => (byte)((byteOf * (image + 3)) + (image * 41)))];
        return new ImageDataset(
            16,
            16,
            [.. Enumerable.Range(0, classes).Select(id => $"class {id}")],
            [.. Enumerable.Range(0, count).Select(image => new LabelledImage(Pixels(image), image % classes))]);
    }

    public static TokenizedImages Of(ImageDataset images, string data = "made up") => new(data, 16, () => new DatasetWalk(images));

    /// <summary>Computes the tokens of images.</summary>
    public static TokenSet Compute(string folder, VqTokenizer tokenizer, TokenizedImages images)
    {
        Tokenization.Run(folder, tokenizer, images, NoProgress.Instance, CancellationToken.None);
        return TokenSet.Open(folder);
    }

    /// <summary>Writes a set, or the rest of it, whose token at a position of a row is <see cref="TokenAt"/>.</summary>
    public static TokenSet MadeUp(string folder, int rows, int positions, int codebookSize, int classes)
    {
        var layout = new TokenLayout(positions, codebookSize, CropCount: 2);
        var names = Enumerable.Range(0, classes).Select(id => $"class {id}").ToList();
        using (var writer = TokenSetWriter.Open(folder, TokenSetIndex.Start(PartRecord.Of(PartRecord.Data, "made up"), names, layout)))
        {
            for (var first = writer.Next * 2; first < rows; first += layout.BlockRows)
            {
                var numbers = Enumerable.Range(first, Math.Min(layout.BlockRows, rows - first)).ToList();
                var tokens = numbers.SelectMany(row => Enumerable.Range(0, positions).Select(position => TokenAt(row, position, codebookSize)));
                writer.Append(new TokenBlock([.. numbers.Select(row => row % classes)], [.. tokens], Next: (first + numbers.Count) / 2));
            }

            writer.Complete(_ => { });
        }

        return TokenSet.Open(folder);
    }

    public static long TokenAt(int row, int position, int codebookSize) => ((row * 7919L) + (position * 31L)) % codebookSize;
}
