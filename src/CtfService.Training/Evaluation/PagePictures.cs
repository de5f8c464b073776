using System.Globalization;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>Renders the pictures of a page.</summary>
internal static class PagePictures
{
    /// <summary>Samples of each class.</summary>
    private const int SamplesShown = 8;

    private const int MaxClasses = 60;
    private const int PairsShown = 16;
    private const int PairColumns = 8;

    /// <summary>Returns rows of the first images of each class, starting with the classes of the lowest accuracy.</summary>
    public static string Samples(ImageDataset generated, ClassifierReport? accuracy)
    {
        var byClass = Enumerable.Range(0, generated.Count).ToLookup(image => generated.ClassIds[image]);
        var accuracyOf = accuracy?.Classes.ToDictionary(entry => entry.Name, entry => entry.Accuracy);
        var shown = byClass.Select(images => images.Key)
            .OrderBy(classId => accuracyOf?[generated.ClassNames[classId]] ?? 0)
            .ThenBy(classId => classId)
            .Take(MaxClasses)
            .ToList();
        var rows = shown.Select(classId =>
        {
            var name = generated.ClassNames[classId];
            var sheet = ContactSheet.Compose([.. byClass[classId].Take(SamplesShown).Select(image => Image(generated, image))], SamplesShown);
            var caption = accuracyOf is null ? name : string.Create(CultureInfo.InvariantCulture, $"{name}, {accuracyOf[name]:0%} recognised");
            return Html.Figure(Html.Picture(sheet, $"generated images of {name}"), caption);
        });
        var note = byClass.Count > MaxClasses ? $"<p class=\"note\">{MaxClasses} of {byClass.Count} classes.</p>\n" : "";
        return $"{note}<div class=\"classes\">\n{string.Join('\n', rows)}\n</div>";
    }

    /// <summary>Returns test images above their reconstructions.</summary>
    public static string Reconstructions(EvaluationResult result)
    {
        if (result.Reconstructions is not { } reconstructions)
        {
            return "";
        }

        var (originals, images) = (reconstructions.Originals, reconstructions.Images);
        var chosen = Spread([.. Enumerable.Range(0, Math.Min(originals.Count, Math.Max(PairsShown, originals.ClassNames.Count)))], PairsShown);
        var sheet = Pairs([.. chosen.Select(image => (Image(originals, image), Image(images, image)))]);
        var picture = Html.Picture(sheet, "test images and their reconstructions");
        return "<h2>Tokenizer</h2>\n" + Html.Figure(picture, "Test images, each above its reconstruction: the best that a model with this tokenizer can do.");
    }

    /// <summary>Returns generated images above their nearest training images: the nearest ones, and some from the nearest to the farthest.</summary>
    public static string Neighbours(EvaluationResult result, ImageDataset training)
    {
        if (result.Compared is not { } compared)
        {
            return "";
        }

        List<int> byDistance = [.. Enumerable.Range(0, result.Nearest.Count).OrderBy(image => result.Nearest[image].Distance)];
        return $"<h2>Nearest training images</h2>\n"
            + Sheet([.. byDistance.Take(PairsShown)], "The generated images nearest to training images")
            + Sheet(Spread(byDistance, PairsShown), "From the nearest to the farthest");

        string Sheet(IReadOnlyList<int> images, string title)
        {
            var sheet = Pairs([.. images.Select(image => (Image(compared, image), Neighbour(training, result.Nearest[image])))]);
            var distances = string.Join(", ", images.Select(image => result.Nearest[image].Distance.ToString("0.0", CultureInfo.InvariantCulture)));
            var caption = $"{title}; each above its nearest training image, mirrored if that is nearer. Distances in grey levels: {distances}.";
            return Html.Figure(Html.Picture(sheet, title), caption) + "\n";
        }
    }

    /// <summary>Composes rows of the upper images, each followed by a row of the lower ones.</summary>
    private static RgbImage Pairs(IReadOnlyList<(RgbImage Upper, RgbImage Lower)> pairs)
    {
        var rows = pairs.Chunk(PairColumns).SelectMany(row => row.Select(pair => pair.Upper).Concat(row.Select(pair => pair.Lower)));
        return ContactSheet.Compose([.. rows], Math.Min(PairColumns, pairs.Count));
    }

    /// <summary>Returns the given number of evenly spaced images, including the first and the last.</summary>
    private static List<int> Spread(List<int> images, int count) => images.Count <= count
        ? images
        : [.. Enumerable.Range(0, count).Select(i => images[(int)((long)i * (images.Count - 1) / (count - 1))])];

    private static RgbImage Neighbour(ImageDataset training, NearestImage nearest)
    {
        var image = Image(training, nearest.Index);
        if (!nearest.IsMirrored)
        {
            return image;
        }

        var mirrored = new byte[image.Pixels.Length];
        for (var pixel = 0; pixel < image.Width * image.Height; pixel++)
        {
            var (row, column) = Math.DivRem(pixel, image.Width);
            image.Pixels.AsSpan(pixel * 3, 3).CopyTo(mirrored.AsSpan(((row * image.Width) + image.Width - 1 - column) * 3));
        }

        return new RgbImage(image.Width, image.Height, mirrored);
    }

    private static RgbImage Image(ImageDataset dataset, int index) => new(dataset.Width, dataset.Height, dataset.Images[index]);
}
