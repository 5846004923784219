/** What to call a customer: by name, else by number; WhatsApp may tell neither. */
export function customerName({ name, phone }: { name?: string | null; phone?: string | null }): string {
  return name ?? phone ?? 'a customer';
}
