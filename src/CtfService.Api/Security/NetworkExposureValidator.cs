using CtfService.Api.Hosting;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Security;

/// <summary>Nobody opens the service to a network without saying who may call it.</summary>
internal sealed class NetworkExposureValidator(IConfiguration configuration) : IValidateOptions<SecurityOptions>
{
    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        if (options.ApiKeys.Count > 0 || options.AllowAnonymous)
        {
            return ValidateOptionsResult.Success;
        }

        var problems = ListenAddress.Read(configuration).Where(address => address.IsReadable && !address.IsLocal).Select(Message).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string Message(ListenAddress address) =>
        $"{address.Setting} is '{address.Url}', which other machines can reach, and Security:ApiKeys is empty; expected a key or an address of this machine alone. "
        + "Add a key (`ctf api-key` makes one and prints the settings), or listen on http://localhost:5080, "
        + "or set Security:AllowAnonymous to true (environment variable Security__AllowAnonymous) where everybody who can connect may call.";
}
