using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Imaging;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Generate;

/// <summary><c>ctf edit</c>: changes a part of a picture with a bundle, without HTTP.</summary>
internal static class EditCommand
{
    public static Command Create(Terminal terminal)
    {
        var image = CommandOption.Required(
            "--image", "Picture to edit: PNG, JPEG or WebP. It is scaled to cover the model's image size, and the rest is cropped evenly.");
        var mask = new Option<string?>("--mask")
        {
            Description = "Mask of the picture's size, PNG or WebP, whose transparent pixels are drawn anew; "
                + "if omitted, the transparent pixels of the picture are.",
        };
        var maxPixels = CommandOption.Number(
            "--max-pixels", "Largest picture that is read, width times height.", ImageDatasetReader.DefaultMaxPixels, TrainingRanges.Pixels);
        var candidates = CommandOption.Number(
            "--candidates",
            "How often the part is drawn; the one that best explains what is kept after it is taken. More fit better and take longer.",
            1,
            NumberRange.Between(1, LayoutSource.Edited.MostCandidates));
        var options = new NewImageOptions(classIsRequired: true, "edited");
        var command = new Command("edit", "Draws a part of a picture anew and keeps the rest; prints one line of JSON per image.") { image, mask, candidates };
        options.AddTo(command);
        command.Options.Add(maxPixels);
        command.SetAction((arguments, cancellation) =>
        {
            PictureFile File(string option, string path) => PictureFile.Read(option, path, arguments.GetValue(maxPixels));
            var picture = File(image.Name, arguments.GetRequiredValue(image));
            var masking = arguments.GetValue(mask) is { } path ? File(mask.Name, path) : null;
            var bundle = options.Bundle.Folder(arguments);
            var edit = Read(picture, masking, BundleReader.Survey(bundle)) with { Candidates = arguments.GetValue(candidates) }; // before the model is loaded
            new NewImages(terminal, options, arguments, picture.Path, masking?.Path ?? picture.Path).Draw(bundle, edit, cancellation);
        });
        return command;
    }

    /// <exception cref="InvalidDataException">A file cannot be read, or the two do not say what to edit.</exception>
    private static LayoutSource.Edited Read(PictureFile picture, PictureFile? mask, ModelDescription model)
    {
        try
        {
            return EditFiles.Read(picture.Open, mask is null ? null : mask.Open, model.ImageWidth, model.ImageHeight);
        }
        catch (EditFileException error)
        {
            throw (error.File == EditFile.Mask && mask is not null ? mask : picture).Error(error);
        }
    }
}
