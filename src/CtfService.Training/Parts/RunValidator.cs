using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;

namespace CtfService.Training.Parts;

/// <summary>
/// Refuses to build on parts of a run that were made from something else, before the images are read. Each message has both values and the ways on.
/// </summary>
/// <param name="note">Is told what cannot be checked, and what will not fit any more.</param>
public sealed class RunValidator(Action<string> note)
{
    /// <summary>The image size that was asked for, else the tokenizer's own.</summary>
    /// <param name="assumed">Pixels, if neither says anything.</param>
    public int ImageSize(string tokenizerPath, int? asked, int assumed)
    {
        if (asked is { } size)
        {
            return size;
        }

        if (PartRecord.Read(tokenizerPath)?.PixelsOfImages is { } own)
        {
            return own;
        }

        note(
            $"{tokenizerPath}: does not say which image size it learnt from, as files of earlier programs. "
            + $"{assumed} pixels are assumed; say otherwise with --image-size.");
        return assumed;
    }

    /// <param name="now">Images and image size of the training that is to start.</param>
    /// <param name="accept">The tokenizer is meant for these images too.</param>
    /// <exception cref="CheckpointException">The tokenizer learnt from others.</exception>
    public void RequireImages(string tokenizerPath, PartRecord now, bool accept)
    {
        if (!accept
            && Known(tokenizerPath)?.Only(PartRecord.Data, PartRecord.ImageSize).Differences(now.Only(PartRecord.Data, PartRecord.ImageSize))
                is { Count: > 0 } differences)
        {
            throw new CheckpointException(
                $"{tokenizerPath}: learnt from other images than these:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Name its own with --data and --image-size, or train a tokenizer of these in another folder (--run), "
                + "or, if this one is meant for them too, add --accept-changes.");
        }
    }

    /// <exception cref="CheckpointException">The map is of another tokenizer's codewords.</exception>
    public static void RequireMap(string mapPath, ClusterMap map, VqTokenizer tokenizer)
    {
        if (ClusterMapValidator.Difference(PartRecord.Read(mapPath), map, tokenizer) is { } difference)
        {
            throw new CheckpointException(
                $"{mapPath}: groups the codewords of another tokenizer:{RecordDifference.Lines([difference])}{Environment.NewLine}"
                + "Group those of this one with 'ctf cluster --overwrite', or bring the other tokenizer back, or name another folder with --run.");
        }
    }

    /// <param name="now">What the fine stage would be made from.</param>
    /// <exception cref="CheckpointException">The coarse stage was made from something else, so the two would not fit each other.</exception>
    public void RequireCoarse(string coarsePath, PartRecord now)
    {
        if (File.Exists(coarsePath) && Known(coarsePath) is { } there && Shared(there, now) is { Count: > 0 } differences)
        {
            throw new CheckpointException(
                $"{coarsePath}: was made from something else than the fine stage would be:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Name what it was made from, or train it again with 'ctf train-coarse --overwrite', or name another folder with --run.");
        }
    }

    /// <summary>Whether the tokens in the run, and so their class names, are those that the coarse stage learnt from.</summary>
    /// <exception cref="CheckpointException">They are of something else.</exception>
    public void RequireTokens(string tokensPath, PartRecord tokens, string coarsePath)
    {
        string[] names = [PartRecord.Data, PartRecord.ImageSize, PartRecord.Tokenizer];
        if (Known(coarsePath)?.Only(names).Differences(tokens.Only(names)) is { Count: > 0 } differences)
        {
            throw new CheckpointException(
                $"{coarsePath}: was made from something else than {tokensPath}:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Train it again with 'ctf train-coarse --overwrite', or with 'ctf train-coarse --resume' and the images that it was made from.");
        }
    }

    /// <summary>Says that a fine stage will have to be trained again.</summary>
    public void NoteFine(string finePath, PartRecord now)
    {
        if (File.Exists(finePath) && PartRecord.Read(finePath) is { } there && Shared(there, now) is { Count: > 0 } differences)
        {
            note($"{finePath}: will not fit this coarse stage and has to be trained again:{RecordDifference.Lines(differences)}");
        }
    }

    /// <summary>Notes a stage that was trained with another cluster map than the run has now.</summary>
    public void NoteOtherMap(string stagePath, ClusterMap map)
    {
        var now = PartRecord.Of(PartRecord.ClusterMap, ClusterMapIdentity.Of(map));
        if (File.Exists(stagePath) && PartRecord.Read(stagePath)?.Only([PartRecord.ClusterMap]) is { } there && there.Differences(now).Count > 0)
        {
            note($"{stagePath}: was trained with the cluster map before this one, and has to be trained again.");
        }
    }

    /// <summary>What both stages of a model have in common.</summary>
    internal static IReadOnlyList<RecordDifference> Shared(PartRecord there, PartRecord now)
    {
        string[] names = [PartRecord.Data, PartRecord.ImageSize, PartRecord.Tokenizer, PartRecord.ClusterMap];
        return there.Only(names).Differences(now.Only(names));
    }

    private PartRecord? Known(string path)
    {
        var record = PartRecord.Read(path);
        if (record is null)
        {
            note($"{path}: does not say what it was made from, as files of earlier programs, so nothing can be compared.");
        }

        return record;
    }
}
